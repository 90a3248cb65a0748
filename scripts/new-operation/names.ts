/** One name in the spellings that it is needed in. */
export type Names = {
  /** `drain-node`: the folder, the files, the Slack verb. */
  readonly kebab: string;
  /** `drainNode`: the operation and its mutation. */
  readonly camel: string;
  /** `DrainNode` */
  readonly pascal: string;
  /** `Drain node` */
  readonly title: string;
};

const longest = 40;

/** Of a name given as `drain-node` or `drainNode`; a sentence when it is none that an operation can have. */
export function namesOf(given: string): Names | string {
  const kebab = given.replace(/([a-z0-9])([A-Z])/g, '$1-$2').toLowerCase();
  const words = kebab.split('-');
  if (!/^[a-z][A-Za-z0-9-]*$/.test(given) || !words.every((word) => /^[a-z][a-z0-9]*$/.test(word)))
    return `${given} is no name for an operation: letters and digits, as drain-node or drainNode.`;
  if (words.length < 2) return `${given} says too little: a verb and what it is done to, as drain-node.`;
  if (kebab.length > longest) return `${given} is longer than ${longest} characters.`;
  const pascal = words.map(upperFirst).join('');
  return {
    kebab,
    camel: `${pascal.slice(0, 1).toLowerCase()}${pascal.slice(1)}`,
    pascal,
    title: upperFirst(words.join(' ')),
  };
}

function upperFirst(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;
}
