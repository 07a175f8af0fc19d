/**
 * How sure a share is: the Clopper-Pearson interval, exact for a binomial count, by bisection over the regularized incomplete beta
 * function. It treats messages as independent; those of one domain or one campaign are not quite.
 */
export type Interval = { readonly low: number; readonly high: number };

/** The two-sided interval of 95% for `count` of `total`. */
export function interval(count: number, total: number): Interval {
  if (total === 0) return { low: 0, high: 1 };
  const tail = 0.025;
  const low = count === 0 ? 0 : solve((p) => incompleteBeta(p, count, total - count + 1) < tail);
  const high = count === total ? 1 : solve((p) => incompleteBeta(p, count + 1, total - count) < 1 - tail);
  return { low, high };
}

/** The point up to which `isBelow` holds, between 0 and 1. */
function solve(isBelow: (p: number) => boolean): number {
  let [low, high] = [0, 1];
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (isBelow(middle)) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

function incompleteBeta(x: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  const front = Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log1p(-x));
  return x < (a + 1) / (a + b + 2) ? (front * fraction(x, a, b)) / a : 1 - (front * fraction(1 - x, b, a)) / b;
}

/** The continued fraction of the incomplete beta function, by Lentz's method. */
function fraction(x: number, a: number, b: number): number {
  const tiny = 1e-300;
  let c = 1;
  let d = 1 / nonzero(1 - ((a + b) * x) / (a + 1), tiny);
  let value = d;
  for (let m = 1; m < 500; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    let step = 1;
    for (const term of [even, odd]) {
      d = 1 / nonzero(1 + term * d, tiny);
      c = nonzero(1 + term / c, tiny);
      step = c * d;
      value *= step;
    }
    if (Math.abs(step - 1) < 1e-12) break;
  }
  return value;
}

function nonzero(value: number, tiny: number): number {
  return Math.abs(value) < tiny ? tiny : value;
}

/** Stirling's series, after shifting the argument upwards. */
function logGamma(x: number): number {
  let shift = 0;
  let z = x;
  for (; z < 10; z++) shift -= Math.log(z);
  const inverse = 1 / (z * z);
  return shift + (z - 0.5) * Math.log(z) - z + 0.5 * Math.log(2 * Math.PI) + (1 / 12 - inverse * (1 / 360 - inverse / 1260)) / z;
}
