/** The text of a rule: parseRule's inverse, with the parentheses that are needed and no others, lists of one value as `is`. */
import { formatAddressForm } from "./address-form.ts";
import { type Condition, keywords, type Rule, type RuleAction, type Test } from "./rule.ts";

export function formatRule({ condition, actions }: Rule): string {
  return `when ${formatCondition(condition)} then ${actions.map(formatAction).join(", ")}`;
}

export function formatCondition(condition: Condition): string {
  switch (condition.kind) {
    case "or":
      return condition.parts.map((part) => within(part, ["or"])).join(" or ");
    case "and":
      return condition.parts.map((part) => within(part, ["or", "and"])).join(" and ");
    case "not":
      return `not ${within(condition.part, ["or", "and"])}`;
    default:
      return formatTest(condition);
  }
}

/** In parentheses if it is of a kind that would be read otherwise there. */
function within(part: Condition, loose: readonly Condition["kind"][]): string {
  return loose.includes(part.kind) ? `(${formatCondition(part)})` : formatCondition(part);
}

export function formatTest(test: Test): string {
  switch (test.kind) {
    case "address":
      return `${test.field} ${formatValues(test.forms.map((form) => (form.kind === "null-path" ? "<>" : formatAddressForm(form))))}`;
    case "client":
      return `client ${formatValues(test.networks)}`;
    case "name":
      return `${test.field} ${formatValues(test.domains)}`;
    case "header":
      return `header ${test.name} ${test.operator}${test.operator === "exists" ? "" : ` ${quoted(test.text)}`}`;
    case "word":
      return `${test.field} ${formatValues(test.words)}`;
    default:
      return test satisfies never;
  }
}

function formatAction(action: RuleAction): string {
  switch (action.kind) {
    case "stamp":
      return `stamp ${action.name} ${quoted(action.value)}`;
    case "reject":
      return action.text === null ? "reject" : `reject ${quoted(action.text)}`;
    case "bypass":
      return `bypass ${action.scope}`;
    case "junk":
    case "quarantine":
      return action.kind;
    default:
      return action satisfies never;
  }
}

function formatValues(values: readonly string[]): string {
  const [only] = values;
  return values.length === 1 && only !== undefined ? `is ${value(only)}` : `in (${values.map(value).join(", ")})`;
}

function value(text: string): string {
  return /[\s(),"\\]|^#/.test(text) || keywords.includes(text) ? quoted(text) : text;
}

function quoted(text: string): string {
  return `"${text.replaceAll(/["\\]/g, "\\$&")}"`;
}
