/** One path of `storage_root_path`; `medium` in capitals as a backend takes it, null = it says none, which means HDD. */
export type StoragePath = { readonly path: string; readonly medium: string | null };

/**
 * Reads `storage_root_path` as a backend does (be/src/storage/options.cpp): paths separated by `;`, each with properties
 * after `,` of which `medium:` counts before the path's own ending. That ending stays a part of the path.
 */
export function storagePathsOf(value: string): StoragePath[] {
  return value
    .split(';')
    .filter((part) => part.trim() !== '')
    .map((part) => {
      const [root = '', ...properties] = part.split(',').filter((word) => word.trim() !== '');
      const path = root.trim().replace(/\/+$/, '');
      const medium = properties.map((word) => /^\s*medium\s*:\s*(.*?)\s*$/i.exec(word)?.[1]).findLast(Boolean);
      const ending = /[^/.][^/]*\.([^/.]+)$/.exec(path)?.[1];
      return { path, medium: (medium ?? ending)?.toUpperCase() ?? null };
    });
}
