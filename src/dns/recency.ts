/**
 * The order in which things were last used: a doubly linked list through the things themselves, so that a use costs a few writes.
 * (A Map in order of insertion would do, but skips over what was deleted from its front each time the oldest key is asked for.)
 */
export type Linked<T> = { newer: T | null; older: T | null };

export class Recency<T extends Linked<T>> {
  #newest: T | null = null;
  #oldest: T | null = null;

  get oldest(): T | null {
    return this.#oldest;
  }

  /** Used just now; also how a thing comes in. */
  touch(item: T): void {
    if (this.#newest === item) return;
    this.remove(item);
    item.older = this.#newest;
    if (this.#newest !== null) this.#newest.newer = item;
    this.#newest = item;
    this.#oldest ??= item;
  }

  /** Takes a thing out; nothing happens where it is not in. */
  remove(item: T): void {
    if (item.newer !== null) item.newer.older = item.older;
    else if (this.#newest === item) this.#newest = item.older;
    if (item.older !== null) item.older.newer = item.newer;
    else if (this.#oldest === item) this.#oldest = item.newer;
    item.newer = null;
    item.older = null;
  }

  clear(): void {
    this.#newest = null;
    this.#oldest = null;
  }
}
