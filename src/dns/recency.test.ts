import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type Linked, Recency } from "./recency.ts";

interface Item extends Linked<Item> {
  readonly id: number;
}

test("whatever is touched and removed, the oldest is what was not used for longest", () => {
  const step = fc.record({ id: fc.nat(5), removes: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const items = Array.from({ length: 6 }, (_, id): Item => ({ id, newer: null, older: null }));
      const recency = new Recency<Item>();
      let model: number[] = [];
      for (const { id, removes } of steps) {
        const item = items[id];
        assert.ok(item !== undefined);
        if (removes) recency.remove(item);
        else recency.touch(item);
        model = model.filter((other) => other !== id);
        if (!removes) model.push(id);
        assert.equal(recency.oldest?.id, model[0]);
      }
      // From the oldest to the newest, all of them are there.
      const order: number[] = [];
      for (let item = recency.oldest; item !== null; item = item.newer) order.push(item.id);
      assert.deepEqual(order, model);
    }),
  );
});
