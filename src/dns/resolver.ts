/**
 * The resolver port: the only way anything below system/ asks DNS. It follows CNAMEs itself (at most 8; a dangling one gives
 * the target's answer) and answers every question with a value: a resolver that throws has a bug.
 */
import type { Answer, RecordType } from "./answer.ts";

export type QueryOptions = { readonly signal?: AbortSignal };

export interface Resolver {
  query<T extends RecordType>(name: string, type: T, options?: QueryOptions): Promise<Answer<T>>;
}

/** Milliseconds since 1970. */
export type Clock = () => number;
