/** Several observers as one. Each is told, whatever another one does: log and metrics see mail, and never stop it. */
import type { Observer } from "../gateway/dialogue/journey.ts";

/** `onTrouble` hears of an observer that threw; what it throws itself is lost. */
export function joinObservers(observers: readonly Observer[], onTrouble: (error: unknown) => void = () => {}): Observer {
  const tell = (one: (observer: Observer) => void): void => {
    for (const observer of observers) {
      try {
        one(observer);
      } catch (error) {
        try {
          onTrouble(error);
        } catch {
          // Nobody is left to tell.
        }
      }
    }
  };
  return {
    onAnswer: (answer) => tell((observer) => observer.onAnswer(answer)),
    onDecision: (decision) => tell((observer) => observer.onDecision(decision)),
    onFault: (error, during) => tell((observer) => observer.onFault(error, during)),
  };
}
