/** What stands for everything that has no number of its own. */
const unspecific = 1_064;
const forwardedTooOften = 5_401;

/**
 * What a frontend says when it could not hand a statement over to the leader: errno 1064 with the text of Java's network
 * code and nothing else. A sentence that merely holds such a text (a store that cannot be reached, a name that somebody
 * chose) is about something else, so the whole text has to be it; 3.1 and 3.2 put `Unexpected exception: ` before it.
 */
const forwardFailed = (causes: readonly string[]) =>
  new RegExp(`^(?:Unexpected exception:\\s*)?(?:[\\w.$]+(?:Exception|Error):\\s*)*(?:${causes.join('|')})\\.?$`, 'i');

/** Nobody took the statement, so nothing was done. */
const notHandedOver = forwardFailed([
  String.raw`java\.net\.ConnectException(?::[^:\n]*)?`,
  String.raw`java\.net\.NoRouteToHostException(?::[^:\n]*)?`,
  String.raw`java\.net\.UnknownHostException(?::\s*[\w.:-]+(?::[^:\n]*)?)?`,
  String.raw`java\.net\.SocketTimeoutException: connect timed out`,
  String.raw`java\.net\.SocketException: Network is unreachable(?: \([^)\n]*\))?`,
  // The pool of connections to the leader had none to give.
  String.raw`java\.util\.NoSuchElementException(?:: (?:Unable to|Could not|Timeout waiting|Pool exhausted)[^\n]*)?`,
  // Who led a moment ago says so of itself.
  '(?:(?:this|the|current) )?(?:(?:fe|frontend|node) )?(?:is )?not (?:the )?(?:leader|master)',
]);

const brokenConnection =
  '(?:Connection reset|Connection closed|Broken pipe|Socket (?:is )?closed|Software caused connection abort|Unexpected end of file)[^:\\n]*';

/** The forward broke later, or the leader was leaving: whether it was done, only the cluster knows. */
const lostOnTheWay = forwardFailed([
  String.raw`java\.net\.SocketTimeoutException(?::[^:\n]*)?`,
  String.raw`java\.(?:net\.Socket|io\.IO|io\.EOF)Exception(?:: (?:${brokenConnection}))?`,
  String.raw`(?:org\.apache\.thrift\.transport\.)?TTransportException(?:: (?:Cannot (?:read|write)[^:\n]*|${brokenConnection}))?`,
  brokenConnection,
  // The database of the metadata, as a leader that leaves closes it.
  'Environment is closed',
]);

/**
 * What became of a statement that a frontend should have handed over to the leader: nobody took it, or nobody knows. Null =
 * the error is about something else. Pure; `number` is the server's own error number.
 */
export function forwardFailure(number: number, text: string): 'not-handed-over' | 'lost' | null {
  if (number === forwardedTooOften) return 'not-handed-over';
  if (number !== unspecific) return null;
  if (notHandedOver.test(text)) return 'not-handed-over';
  return lostOnTheWay.test(text) ? 'lost' : null;
}
