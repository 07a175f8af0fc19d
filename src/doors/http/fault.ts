/**
 * What the HTTP door answers where it cannot do as asked: `{ "error": { "code", "message" } }`, the code from a closed list, the message with
 * what to do about it. docs/http.md lists them all.
 */

/** What each stands for; the status goes with the code. */
export const faultStatus = {
  "bad-envelope": 400,
  "bad-json": 400,
  "bad-request": 400,
  "file-input": 400,
  "token-missing": 401,
  "token-wrong": 401,
  "not-loopback": 403,
  "host-foreign": 403,
  "origin-foreign": 403,
  "not-found": 404,
  "method-not-allowed": 405,
  "message-late": 408,
  "message-too-large": 413,
  "content-type": 415,
  "content-encoding": 415,
  "no-header": 422,
  "header-too-large": 431,
  fault: 500,
  busy: 503,
} as const;
export type FaultCode = keyof typeof faultStatus;

export type HttpFault = { readonly code: FaultCode; readonly message: string };

export function fault(code: FaultCode, message: string): { readonly ok: false; readonly fault: HttpFault } {
  return { ok: false, fault: { code, message } };
}

export function faultBody({ code, message }: HttpFault): string {
  return `${JSON.stringify({ error: { code, message } })}\n`;
}

/** Header fields that go with it, besides those of every answer. */
export function faultHeaders({ code }: HttpFault): Readonly<Record<string, string>> {
  switch (code) {
    case "token-missing":
    case "token-wrong":
      return { "WWW-Authenticate": 'Bearer realm="assay"' };
    case "busy":
      return { "Retry-After": "5" };
    default:
      return {};
  }
}
