/** What messages leave, handed by a thread or a process that only reads the store to the one that writes it (one owner of the embedded store). */
import type { LeftByMessage } from "../doors/cli/jobs.ts";
import type { Memory } from "../memory/memory.ts";

export type Recording = Pick<Memory, "record" | "recordSent" | "recordDecision" | "recordSighting" | "recordMatched">;

export function recordingTo(leave: (left: LeftByMessage) => void): Recording {
  return {
    record: (lesson) => leave({ lesson }),
    recordSent: (sent) => leave({ sent }),
    recordDecision: (decision) => leave({ decision }),
    recordSighting: (sighting) => leave({ sighting }),
    recordMatched: (matched) => leave({ matched }),
  };
}
