import { behaviour } from ".";

/**
 * `<fieldset data-shown-when='[{"field": "kind", "is": ["person"]}]'>`: part of its form only while each of these fields
 * has one of the values. What is not there is not sent, and what depends on that is looked at again.
 */
interface Condition {
  field: string;
  is: string[];
}

const looked = "zk-looked";

behaviour("fieldset[data-shown-when]", (element) => {
  const place = element as HTMLFieldSetElement;
  const { form } = place;
  if (!form) return;
  const asked = JSON.parse(place.dataset["shownWhen"] ?? "[]") as Condition[];

  const look = () => {
    const given = new FormData(form);
    const holds = asked.every(({ field, is }) => given.getAll(field).some((value) => is.includes(String(value))));
    if (place.disabled !== holds) return;
    place.disabled = place.hidden = !holds;
    form.dispatchEvent(new Event(looked));
  };
  form.addEventListener("change", look);
  form.addEventListener(looked, look);
  look();
});
