/** Authentication-Results as a value (RFC 8601 §2.2). */
export type ResultProperty = { readonly ptype: string; readonly property: string; readonly value: string };

/** One method's result: `dkim=pass reason="…" header.d=example.com`. Comments are kept apart, in order. */
export type MethodResult = {
  readonly method: string;
  readonly version: number | null;
  readonly result: string;
  readonly reason: string | null;
  readonly properties: readonly ResultProperty[];
  readonly comments: readonly string[];
};

export type AuthenticationResults = {
  /** Null in Microsoft's form, which has none. */
  readonly authservId: string | null;
  readonly version: number | null;
  /** Empty for `none`. */
  readonly results: readonly MethodResult[];
};
