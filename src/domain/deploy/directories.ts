/**
 * Directories of the system: a node is installed neither in them nor, where `below` says so, anywhere below them. What is
 * removed again later must never be one of these.
 */
const ofSystem = [
  ...['/bin', '/boot', '/dev', '/etc', '/lib', '/lib32', '/lib64', '/libx32', '/lost+found', '/proc', '/run'],
  ...['/sbin', '/snap', '/sys', '/usr/bin', '/usr/include', '/usr/lib', '/usr/lib32', '/usr/lib64', '/usr/libexec'],
  ...['/usr/sbin', '/usr/share', '/usr/src', '/var/cache', '/var/run', '/var/spool', '/var/log', '/var/mail'],
];
const sharedByMany = [
  ...['/', '/home', '/media', '/mnt', '/opt', '/root', '/srv', '/tmp', '/usr', '/usr/local', '/var', '/var/lib'],
  ...[
    '/usr/local/bin',
    '/usr/local/etc',
    '/usr/local/lib',
    '/usr/local/sbin',
    '/usr/local/share',
    '/var/opt',
    '/var/tmp',
  ],
];

/**
 * Why a path cannot be a directory of a node; null = it can. StarRocks' scripts read paths without quotes, and its conf files
 * separate them by `;` and `,`: so only plain signs are taken.
 */
export function whyNotADirectory(path: string): string | null {
  if (!path.startsWith('/')) return `"${path}" is not an absolute path`;
  if (path.length > 512) return 'a path of more than 512 characters is too long for a node';
  if (!/^[A-Za-z0-9._+@/-]*$/.test(path)) {
    return `"${path}" has signs that StarRocks' scripts and conf files read as something else; letters, digits and . _ + @ - are safe`;
  }
  const names = path.split('/').slice(1);
  if (path !== '/' && names.includes('')) return `"${path}" has a slash too many`;
  if (names.some((name) => name === '.' || name === '..')) return `"${path}" is not written in full`;
  if (sharedByMany.includes(path)) return `${path} belongs to the whole machine; name a directory below it`;
  const system = ofSystem.find((each) => isWithin(path, each));
  return system === undefined ? null : `${path} is a directory of the system`;
}

/** Whether a path is the directory itself or lies below it. Both are full plain paths. */
export function isWithin(path: string, directory: string): boolean {
  return path === directory || directory === '/' || path.startsWith(`${directory}/`);
}

/** The path without a slash at its end, which people type and which means the same. */
export function withoutSlash(path: string): string {
  return path.length > 1 ? path.replace(/\/+$/, '') || '/' : path;
}
