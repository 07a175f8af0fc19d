/** Runs asynchronous work on a stream of items, several at once, and gives the results in the order of the items. */

export type OrderedWork<In, Out> = {
  /** How many may be under way. */
  readonly window: number;
  readonly run: (item: In) => Promise<Out>;
  /** True for an item that must be done before the next one is asked for. */
  readonly alone: (item: In) => boolean;
};

export async function* inOrder<In, Out>(items: AsyncIterable<In>, work: OrderedWork<In, Out>): AsyncGenerator<Out> {
  const underWay: Promise<Out>[] = [];
  for await (const item of items) {
    const result = work.run(item);
    underWay.push(result);
    if (work.alone(item)) await result;
    while (underWay.length >= work.window) yield await next(underWay);
  }
  while (underWay.length > 0) yield await next(underWay);
}

function next<Out>(underWay: Promise<Out>[]): Promise<Out> {
  const first = underWay.shift();
  if (first === undefined) throw new Error("nothing is under way");
  return first;
}
