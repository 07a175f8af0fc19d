/** One end of `assay db copy` (store-copy.ts), of either kind of store. Types only. */

export type CopyRow = readonly unknown[];

/** One of the two stores, at its newest version and in a transaction of its own. */
export type CopyEnd = {
  /** The columns of each table. */
  readonly tables: ReadonlyMap<string, readonly string[]>;
  count(table: string): Promise<number>;
  /** Rows in the order of the key, in pages. */
  pages(table: string, wanted: { readonly columns: readonly string[]; readonly key: readonly string[] }): AsyncIterable<readonly CopyRow[]>;
  empty(table: string): Promise<void>;
  write(table: string, columns: readonly string[], rows: readonly CopyRow[]): Promise<void>;
  commit(): Promise<void>;
  /** Undoes what was not committed. */
  close(): Promise<void>;
};
