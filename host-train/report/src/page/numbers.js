// Numbers as people read them. What could not be measured is null, and shown as a dash.

const DASH = "–";
const isNumber = (value) => typeof value === "number" && Number.isFinite(value);

/** A share from 0 to 1, in percent. */
function percent(share, digits = 2) {
  return isNumber(share) ? `${(100 * share).toFixed(digits)} %` : DASH;
}

/** An interval of shares, as the terminal has it: `44 to 97 %`. */
function between([low, high]) {
  const digits = high - low > 0.05 ? 0 : 1;
  return `${(100 * low).toFixed(digits)} to ${(100 * high).toFixed(digits)} %`;
}

/** What int8 gains (+) or loses (−) against float, in percentage points. */
function inPoints(float, int8) {
  if (!isNumber(float) || !isNumber(int8)) return DASH;
  const text = (100 * (int8 - float)).toFixed(2);
  return text === "-0.00" || text === "0.00" ? "±0.00" : text.replace(/^(?=\d)/, "+").replace("-", "−");
}

/** A whole number, with commas. */
function thousands(value) {
  return isNumber(value) ? Math.round(value).toLocaleString("en-GB") : DASH;
}

/** A real number to three significant digits. */
function real(value) {
  if (!isNumber(value)) return DASH;
  const size = Math.abs(value);
  if (size >= 1000) return thousands(value).replace("-", "−");
  if (size !== 0 && size < 0.001) return value.toExponential(1).replace(/-/g, "−");
  return value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3).replace("-", "−");
}

/** Real numbers that are read beside each other, to as many decimals as the largest of them needs. */
function alike(values) {
  const largest = Math.max(...values.filter(isNumber).map(Math.abs));
  const digits = largest >= 100 ? 0 : largest >= 10 ? 1 : largest >= 1 ? 2 : 3;
  return (value) => (isNumber(value) ? value.toFixed(digits).replace("-", "−") : DASH);
}

/** Seconds, as minutes where there are many. */
function duration(seconds) {
  return seconds < 120 ? `${seconds.toFixed(1)} s` : `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
}

/** `1 image`, `2 images`. */
function counted(count, thing, things = `${thing}s`) {
  return `${thousands(count)} ${count === 1 ? thing : things}`;
}
