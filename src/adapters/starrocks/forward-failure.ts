/** The number of every error that has none of its own. */
const unspecific = 1_064;
const forwardedTooOften = 5_401;

/**
 * What a frontend answers when it could not forward a statement to the leader: errno 1064 with the text of Java's network
 * code and nothing else. A sentence that only contains such a text (a store that cannot be reached, a name that somebody
 * chose) is about something else, so the whole text has to match; 3.1 and 3.2 put `Unexpected exception: ` before it.
 */
const forwardFailed = (causes: readonly string[]) =>
  new RegExp(`^(?:Unexpected exception:\\s*)?(?:[\\w.$]+(?:Exception|Error):\\s*)*(?:${causes.join('|')})\\.?$`, 'i');

/** Nobody accepted the statement, so nothing was done. */
const notHandedOver = forwardFailed([
  String.raw`java\.net\.ConnectException(?::[^:\n]*)?`,
  String.raw`java\.net\.NoRouteToHostException(?::[^:\n]*)?`,
  String.raw`java\.net\.UnknownHostException(?::\s*[\w.:-]+(?::[^:\n]*)?)?`,
  String.raw`java\.net\.SocketTimeoutException: connect timed out`,
  String.raw`java\.net\.SocketException: Network is unreachable(?: \([^)\n]*\))?`,
  // The pool of connections to the leader had none left.
  String.raw`java\.util\.NoSuchElementException(?:: (?:Unable to|Could not|Timeout waiting|Pool exhausted)[^\n]*)?`,
  // A frontend that led a moment ago says this about itself.
  '(?:(?:this|the|current) )?(?:(?:fe|frontend|node) )?(?:is )?not (?:the )?(?:leader|master)',
]);

const brokenConnection =
  '(?:Connection reset|Connection closed|Broken pipe|Socket (?:is )?closed|Software caused connection abort|Unexpected end of file)[^:\\n]*';

/** The forward broke later, or the leader was stopping: only the cluster knows whether the statement was carried out. */
const lostOnTheWay = forwardFailed([
  String.raw`java\.net\.SocketTimeoutException(?::[^:\n]*)?`,
  String.raw`java\.(?:net\.Socket|io\.IO|io\.EOF)Exception(?:: (?:${brokenConnection}))?`,
  String.raw`(?:org\.apache\.thrift\.transport\.)?TTransportException(?:: (?:Cannot (?:read|write)[^:\n]*|${brokenConnection}))?`,
  brokenConnection,
  // The database of the metadata, closed by a leader that stops.
  'Environment is closed',
]);

/**
 * What became of a statement that a frontend should have forwarded to the leader: nobody accepted it, or nobody knows.
 * Null = the error is about something else. Pure; `number` is the server's own error number.
 */
export function forwardFailure(number: number, text: string): 'not-handed-over' | 'lost' | null {
  if (number === forwardedTooOften) return 'not-handed-over';
  if (number !== unspecific) return null;
  if (notHandedOver.test(text)) return 'not-handed-over';
  return lostOnTheWay.test(text) ? 'lost' : null;
}
