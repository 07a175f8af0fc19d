/**
 * Keeps one instance of each class of which every message makes its own. When a garbage collection finds no instance of a class
 * alive, as between two messages, V8 throws away the compiled code of all functions that handled one; compiling them anew costs as
 * much as some hundred messages. The one that is kept is empty: nothing of a message lives on in it.
 */
export function keepOne(instance: object): void {
  kept.push(instance);
}

const kept: object[] = [];
