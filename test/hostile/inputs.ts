/** Every hostile message, for the tests of this folder and for bench/hostile.ts. */
import { bodyInputs } from "./body-inputs.ts";
import { dnsInputs } from "./dns-inputs.ts";
import { headerInputs } from "./header-inputs.ts";
import { signatureInputs } from "./signature-inputs.ts";
import type { HostileInput, World } from "./world.ts";

export function hostileInputs(world: World): HostileInput[] {
  return [...headerInputs(world), ...bodyInputs(world), ...signatureInputs(world), ...dnsInputs(world)];
}
