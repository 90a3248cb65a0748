/** Size of a picture before it is enlarged, in points. */
export const width = 900;
export const height = 420;
/** Pixels for each point: text stays sharp on small screens. */
export const zoom = 1.5;

export const fontFamily = 'DejaVu Sans';
export const ink = '#1a1a1a';
export const paper = '#ffffff';
export const grid = '#d9d9d9';
export const alarm = '#b00020';
export const quiet = '#5f5f5f';

/** Lines differ by colour (told apart by colour-blind people) and by pattern; the labels name them. */
export const pens = [
  { color: '#0072b2', dash: 'solid' },
  { color: '#c44e00', dash: [8, 4] },
  { color: '#00704f', dash: [2, 3] },
  { color: '#a0478a', dash: [12, 3, 2, 3] },
  { color: '#1a1a1a', dash: [5, 2] },
  { color: '#7a5c00', dash: [1, 2] },
  { color: '#3d56c5', dash: [14, 5] },
  { color: '#8b2f2f', dash: [6, 2, 1, 2, 1, 2] },
] as const;
