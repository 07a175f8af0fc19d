/** How many messages are inspected at once. One too many is not taken: its sender is told to come again. */
export class Admission {
  #inside = 0;

  get inside(): number {
    return this.#inside;
  }

  /** False: full. Each that enters leaves. */
  enter(max: number): boolean {
    if (this.#inside >= max) return false;
    this.#inside += 1;
    return true;
  }

  leave(): void {
    this.#inside -= 1;
  }
}
