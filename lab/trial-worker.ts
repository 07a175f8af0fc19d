/** A worker's body: runs the simulation it is given and posts the tally. */
import { parentPort, workerData } from "node:worker_threads";
import { runTrial } from "./trial.ts";

parentPort?.postMessage(runTrial(workerData));
