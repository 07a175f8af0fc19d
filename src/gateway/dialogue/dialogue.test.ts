/** The dialogue with a zone for DNS: what is answered at MAIL, RCPT and the end of DATA, and what a fault of ours or of the client leads to. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { loadConfig } from "../../config/load.ts";
import { inCoreMemory } from "../../memory/in-core.ts";
import { parseZone, zoneResolver } from "../../system/zone-resolver.ts";
import { judgePolicyOf } from "../judge-policy.ts";
import { openService } from "./dialogue.ts";
import type { Client, Disposition, Observed, Rules, Service, ServiceDeps } from "./journey.ts";
