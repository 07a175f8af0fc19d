/**
 * The URIs of rua= and ruf= (RFC 9989 §4.6, §4.8; RFC 3986). Whether one is valid decides what a record with a broken policy
 * means (§4.10.1); where reports may go is decided elsewhere. It refuses no scheme: unknown ones are for the sender of reports to skip.
 */
import { limits } from "../../base/limits.ts";

/** The valid URIs of a comma-separated list, in order, at most limits.dmarcReportUrisMax, obsolete size suffixes removed. */
export function reportingUris(list: string): readonly string[] {
  const uris: string[] = [];
  for (const item of list.split(",")) {
    // RFC 9989 §4.8: obs-dmarc-report-size is to be ignored.
    const uri = item.trim().replace(/![0-9]+[kmgt]?$/i, "");
    if (isReportingUri(uri)) uris.push(uri);
    if (uris.length === limits.dmarcReportUrisMax) break;
  }
  return uris;
}

function isReportingUri(uri: string): boolean {
  const colon = uri.indexOf(":");
  if (colon === -1 || !scheme.test(uri.slice(0, colon))) return false;
  const rest = uri.slice(colon + 1);
  if (!characters.test(rest) || brokenEscape.test(rest)) return false;
  return uri.slice(0, colon).toLowerCase() === "mailto" ? isMailbox(rest) : true;
}
const scheme = /^[A-Za-z][A-Za-z0-9+.-]*$/;
// RFC 3986 §2.2, §2.3 without "!" and ",", which RFC 9989 §4.8 wants encoded.
const characters = /^[A-Za-z0-9\-._~:/?#[\]@$&'()*+;=%]+$/;
const brokenEscape = /%(?![0-9A-Fa-f]{2})/;

/** RFC 6068 §2: an address before any header fields. */
function isMailbox(rest: string): boolean {
  const query = rest.indexOf("?");
  const to = query === -1 ? rest : rest.slice(0, query);
  const at = to.lastIndexOf("@");
  return at > 0 && at < to.length - 1;
}
