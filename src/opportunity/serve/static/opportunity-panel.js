/*
 * <opportunity-panel>: what is the real opportunity here, and how can I help?
 *
 * Attributes
 *   api        where the operations are; "/v1" if not given
 *   api-key    sent as a Bearer token, where the service asks for one (or #key=... in the page's address)
 *   csrf       sent as X-CSRFToken, for Django
 *   agent      who answers, for the journal
 *   source     id of a <script type="application/json"> with {"id", "text", "customer", "suggestion"}
 *   draft      id of a <textarea> on the page: the reply that is being written there is checked live
 *   host       "zendesk" or "chatwoot" where the panel is an app in there
 *   origins    who may send a complaint by postMessage, separated by spaces
 *   theme      "light" or "dark"; else as the page or the system has it
 *
 * Events: opportunity-suggestion, opportunity-feedback. Whatever a customer or a server wrote is put on the page by
 * text nodes alone; there is no HTML from strings in this file.
 */

const HEADS_SHOWN = ["opportunity", "help", "failure", "urgency", "heat", "flags"];
const STEPS = [
  ["react", "React", "first words"],
  ["respond", "Respond", "what happens next"],
  ["recover", "Recover", "put it right"],
  ["plus_one", "Plus one", "a little more"],
];
const LEVELS = [["meet", "Meet"], ["exceed", "Exceed"], ["delight", "Delight"], ["amaze", "Amaze"]];
const FACTS = {
  name: "Name", item: "About", deadline: "Needed by", elapsed: "Waiting", amount: "Sum", contacts: "Contacts",
  reference: "Reference", promise: "Promised",
};
const QUESTIONS = {
  heard: "Names their matter in their terms",
  feeling: "Owns what it meant for them",
  apology: "Says sorry, without if or but",
  action: "Says what is done about it",
  owner: "Says who does it",
  time: "Says by when",
  asks_met: "Covers all they asked for",
  no_blame: "Does not blame or lecture",
  no_dead_phrases: "Free of form-letter phrases",
  no_run_around: "Does not send them elsewhere",
  plus_one: "Adds one fitting extra",
  plain: "Reads like one person to another",
};
const STORY = [
  ["title", "A name for the story", true],
  ["happened", "What happened", true],
  ["done", "What you did", true],
  ["plus_one", "The one thing more", false],
  ["said", "What the customer said", false],
];
const SILENCES = {
  empty: "There is nothing to read in this message.",
  unsupported_language: "This message is not in a language that I can read.",
  not_a_complaint: "This does not read like a complaint.",
  low_probability: "I am not sure enough to advise. The likeliest readings are below.",
  narrow_margin: "Two readings are about as likely. Please decide between them below.",
};
const CHECK_DELAY = 350;
const PAGE_STYLE = "html { color-scheme: light dark; background: light-dark(#f6f4ef, #14161a); } body { margin: 0; }";

const STYLE = `
:host {
  color-scheme: light dark; display: block; container-type: inline-size; min-width: 0;
  --ground: light-dark(#f6f4ef, #14161a); --card: light-dark(#ffffff, #1c1f25); --line: light-dark(#e2ddd2, #31363f);
  --ink: light-dark(#20242c, #e9e7e2); --soft: light-dark(#5d6370, #a3a8b3);
  --one: light-dark(#0b6e63, #5cd3c2); --one-wash: light-dark(#d9f1ec, #14403b);
  --two: light-dark(#97500a, #f0b465); --two-wash: light-dark(#fdebcf, #46310f);
  --good: light-dark(#1c7a3e, #6fd592); --bad: light-dark(#b3322c, #ff9a90);
  --bad-wash: light-dark(#fdeceb, #3d1f1e); --on-one: light-dark(#ffffff, #06211d);
  --shadow: 0 1px 2px light-dark(#3b32201a, #0006), 0 8px 24px -14px light-dark(#3b322033, #000a);
  font: 15px/1.5 ui-sans-serif, system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif;
  color: var(--ink); background: var(--ground);
}
:host([theme="light"]) { color-scheme: light; }
:host([theme="dark"]) { color-scheme: dark; }
:host([hidden]) { display: none; }
*, *::before, *::after { box-sizing: border-box; }
.frame { max-width: 72rem; margin: 0 auto; padding: clamp(.75rem, 3cqi, 1.75rem); display: grid; gap: 1rem; }
.frame.inner { padding: 0; max-width: none; width: 100%; }
.row.tight { margin-top: 0; }
h2, h3, p, ol, ul, dl, dd { margin: 0; padding: 0; }
ol, ul { list-style: none; }
[hidden] { display: none !important; }
.quiet { color: var(--soft); font-size: .86em; }
.visually-hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
header { display: flex; align-items: center; gap: .6rem; }
header svg { width: 1.7rem; height: 1.7rem; flex: none; color: var(--one); }
header h2 { font-size: 1.05rem; font-weight: 650; letter-spacing: -.01em; }
header .quiet { margin-inline-start: auto; text-align: end; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 14px; padding: 1rem 1.1rem; box-shadow: var(--shadow); min-width: 0; }
.card > h3, .title { font-size: .95rem; font-weight: 650; letter-spacing: -.005em; margin-bottom: .5rem; }
.answers, .pair { display: grid; gap: 1rem; }
.answer { border-inline-start: 4px solid var(--one); }
.answer.two { border-inline-start-color: var(--two); }
.answer h3 { font-size: 1.05rem; color: var(--one); }
.answer.two h3 { color: var(--two); }
.answer p { font-size: 1.06em; text-wrap: pretty; overflow-wrap: anywhere; }
.chips { display: flex; flex-wrap: wrap; gap: .4rem; margin-top: .75rem; }
.chip { display: inline-flex; gap: .4em; align-items: baseline; border-radius: 99px; padding: .12rem .65rem; font-size: .84em; background: var(--ground); border: 1px solid var(--line); max-width: 100%; overflow-wrap: anywhere; }
.chip.first { background: var(--one-wash); border-color: transparent; color: var(--one); font-weight: 600; }
.two .chip.first { background: var(--two-wash); color: var(--two); }
.chip b { font-weight: 600; }
.chip .quiet { font-variant-numeric: tabular-nums; }
.words { white-space: pre-wrap; overflow-wrap: anywhere; max-height: 22rem; overflow-y: auto; border-radius: 8px; }
mark { color: inherit; background: var(--one-wash); border-radius: 4px; padding: .05em .1em; box-decoration-break: clone; -webkit-box-decoration-break: clone; border-bottom: 2px solid var(--one); }
mark.help { background: var(--two-wash); border-bottom: 2px dashed var(--two); }
mark.both { background: linear-gradient(100deg, var(--one-wash), var(--two-wash)); border-bottom-style: double; border-bottom-width: 3px; }
.legend { display: flex; flex-wrap: wrap; gap: .3rem 1rem; margin-top: .6rem; }
.facts { display: flex; flex-wrap: wrap; gap: .35rem 1.1rem; margin-top: .75rem; border-top: 1px solid var(--line); padding-top: .65rem; }
.facts div { display: flex; gap: .4rem; min-width: 0; }
.facts dt { color: var(--soft); font-size: .86em; padding-top: .1em; }
.facts dd { font-weight: 550; overflow-wrap: anywhere; }
.steps li { display: grid; grid-template-columns: 1.7rem 1fr; gap: .1rem .75rem; position: relative; padding-bottom: .9rem; }
.steps li:last-child { padding-bottom: 0; }
.steps li::before { content: attr(data-n); grid-row: span 2; width: 1.7rem; height: 1.7rem; border-radius: 50%; display: grid; place-items: center; font-size: .8em; font-weight: 650; background: var(--one-wash); color: var(--one); }
.steps li:not(:last-child)::after { content: ""; position: absolute; left: .85rem; top: 2rem; bottom: .25rem; border-inline-start: 2px solid var(--line); }
.steps .title, .rungs .title { margin: 0; display: flex; gap: .5rem; align-items: baseline; flex-wrap: wrap; }
.steps .title .quiet { font-weight: 400; }
.steps p, .rungs p { grid-column: 2; overflow-wrap: anywhere; }
.rungs { display: grid; gap: .45rem; }
.rungs li { border: 1px solid var(--line); border-radius: 10px; padding: .5rem .75rem; border-inline-start: 4px solid var(--line); }
.rungs li.target { border-color: var(--two); background: var(--two-wash); }
.rungs .aim { font-size: .78em; font-weight: 650; color: var(--two); margin-inline-start: auto; }
textarea, select, input { font: inherit; color: inherit; background: var(--ground); border: 1px solid var(--line); border-radius: 10px; padding: .6rem .75rem; width: 100%; }
textarea { min-height: 7rem; resize: vertical; display: block; }
textarea.short { min-height: 4rem; }
label { display: block; font-weight: 600; font-size: .9em; margin-bottom: .3rem; }
button { font: inherit; font-weight: 600; border-radius: 10px; border: 1px solid var(--line); background: var(--card); color: var(--ink); padding: .5rem .95rem; min-height: 2.5rem; cursor: pointer; }
button:hover:not([disabled]) { border-color: var(--one); }
button.main { background: var(--one); border-color: var(--one); color: var(--on-one); }
button.main:hover:not([disabled]) { filter: brightness(1.08); }
button[disabled] { opacity: .55; cursor: default; }
button.small { white-space: nowrap; flex: none; padding: .15rem .7rem; min-height: 1.9rem; font-size: .86em; }
:focus-visible { outline: 3px solid var(--one); outline-offset: 2px; }
.row { display: flex; flex-wrap: wrap; gap: .6rem; align-items: center; margin-top: .75rem; }
.row .quiet { margin-inline-start: auto; }
.head { display: flex; flex-wrap: wrap; gap: .3rem .5rem; align-items: baseline; justify-content: space-between; }
.head .title { white-space: nowrap; }
.notice { border: 1px solid var(--two); background: var(--two-wash); border-radius: 10px; padding: .6rem .85rem; }
.notice.bad { border-color: var(--bad); background: var(--bad-wash); }
details > summary { cursor: pointer; font-weight: 650; font-size: .95rem; border-radius: 6px; }
.ranks { display: grid; gap: 1rem 1.5rem; margin-top: .8rem; }
.ranks h4 { margin: 0 0 .3rem; font-size: .86em; color: var(--soft); font-weight: 600; }
.ranks li { display: grid; grid-template-columns: 1fr auto; gap: .1rem .6rem; font-size: .9em; margin-bottom: .3rem; }
.ranks .bar { grid-column: 1 / -1; height: 5px; border-radius: 9px; background: var(--line); overflow: hidden; }
.ranks .bar i { display: block; height: 100%; background: var(--one); border-radius: inherit; }
.ranks .bar.weak i { background: var(--soft); opacity: .6; }
.best { display: grid; gap: .9rem; margin-top: .9rem; }
.gauge { display: flex; gap: .9rem; align-items: center; }
.gauge svg { width: 4.2rem; height: 4.2rem; flex: none; }
.gauge circle { fill: none; stroke-width: 9; stroke: var(--line); }
.gauge circle.on { stroke: var(--one); stroke-linecap: round; transition: stroke-dashoffset .35s; }
.gauge text { fill: var(--ink); font-size: 25px; font-weight: 650; text-anchor: middle; dominant-baseline: central; font-variant-numeric: tabular-nums; }
.gauge p { overflow-wrap: anywhere; }
.asked { display: grid; gap: .25rem 1.25rem; }
.asked li { display: grid; grid-template-columns: 1.25rem 1fr; gap: .35rem; font-size: .92em; }
.asked .yes > span:first-child { color: var(--good); font-weight: 700; }
.asked .no > span:first-child { color: var(--bad); font-weight: 700; }
.asked .na { color: var(--soft); }
.asked .mend { font-weight: 650; }
.asked q { display: block; color: var(--soft); font-size: .92em; overflow-wrap: anywhere; font-weight: 400; }
.fields { display: grid; gap: .8rem; margin-top: .5rem; }
fieldset { border: 1px solid var(--line); border-radius: 10px; padding: .5rem .75rem .65rem; margin: 0; min-width: 0; }
legend { font-weight: 600; font-size: .9em; padding: 0 .3rem; }
.boxes { display: flex; flex-wrap: wrap; gap: .3rem; }
.boxes label { margin: 0; font-weight: 500; border: 1px solid var(--line); border-radius: 99px; padding: .1rem .65rem; cursor: pointer; display: inline-flex; gap: .4rem; align-items: center; min-height: 1.75rem; }
.boxes input { width: auto; accent-color: var(--one); margin: 0; }
[data-ranked] .boxes label:has(:checked)::after { content: attr(data-place); font-size: .8em; font-weight: 700; color: var(--one); }
.boxes label:has(:disabled) { opacity: .5; cursor: default; }
.boxes label:has(:checked) { background: var(--one-wash); border-color: var(--one); }
.boxes label:has(:focus-visible) { outline: 3px solid var(--one); outline-offset: 2px; }
.status:empty { display: none; }
.status { color: var(--good); font-weight: 600; }
.status.bad { color: var(--bad); }
.busy { opacity: .6; }
@container (min-width: 46rem) {
  .answers, .pair { grid-template-columns: 1fr 1fr; align-items: start; }
  .answers { align-items: stretch; }
  .ranks { grid-template-columns: repeat(3, 1fr); }
  .asked { grid-template-columns: 1fr 1fr; }
  .fields { grid-template-columns: 1fr 1fr; }
  .fields .wide { grid-column: 1 / -1; }
}
@media (prefers-reduced-motion: reduce) { * { transition: none !important; } }
@media (forced-colors: active) { mark { forced-color-adjust: none; color: #000; background: #fff59d; } }
`;

/** Make an element; a string among the children becomes a text node, null is left out. */
function el(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (value === true) made.setAttribute(key, "");
    else if (value !== false && value != null) made.setAttribute(key, String(value));
  }
  made.append(...children.flat().filter((child) => child != null));
  return made;
}

function svg(name, attributes, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  made.append(...children);
  return made;
}

/** A label as people write it: save_the_moment -> Save the moment. */
function spoken(label) {
  const words = String(label).replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function percent(probability) {
  return `${Math.round(probability * 100)} %`;
}

/** The words of a chosen head as a list, whatever its form. */
function listed(value) {
  return Array.isArray(value) ? value : value == null ? [] : [value];
}

/** Cut a text where evidence begins or ends. Offsets count characters, not UTF-16 units. */
function segments(text, evidence) {
  const letters = Array.from(text);
  const spans = evidence.filter((e) => 0 <= e.start && e.start < e.end && e.end <= letters.length);
  const cuts = new Set([0, letters.length, ...spans.flatMap((e) => [e.start, e.end])]);
  const edges = [...cuts].sort((a, b) => a - b);
  return edges.slice(1).map((end, i) => ({
    text: letters.slice(edges[i], end).join(""),
    votes: spans.filter((e) => e.start <= edges[i] && end <= e.end),
  }));
}

/** The text of an HTML fragment; nothing in it is run or loaded. */
function textOf(html) {
  return new DOMParser().parseFromString(String(html), "text/html").body.textContent.trim();
}

class OpportunityPanel extends HTMLElement {
  #id = null;
  #text = "";
  #customer = null;
  #number = null;
  #suggestion = null;
  #taxonomy = null;
  #timer = 0;
  #asked = 0;
  #undo = [];
  #parts = {};

  /** Replaced by hosts that send requests on the panel's behalf: (method, path, body) -> parsed JSON. */
  transport = null;

  constructor() {
    super();
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(STYLE);
    this.attachShadow({ mode: "open" }).adoptedStyleSheets = [sheet];
  }

  /** The pages of the service itself have no style of their own. */
  #dressPage() {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(PAGE_STYLE);
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
  }

  connectedCallback() {
    this.#build();
    if (this.hasAttribute("host")) this.#dressPage();
    this.#followTheme();
    this.#followDraft();
    const embed = { zendesk: embedInZendesk, chatwoot: embedInChatwoot }[this.getAttribute("host")];
    this.#undo.push((embed ?? listenToParent)(this) ?? (() => {}));
    this.#readSource();
  }

  disconnectedCallback() {
    clearTimeout(this.#timer);
    for (const undo of this.#undo.splice(0)) undo();
  }

  /** Show a complaint, and its suggestion where it is known already. */
  async show({ id = null, text = "", customer = null, suggestion = null }) {
    const next = id == null ? null : String(id);
    if (next !== this.#id && !this.hasAttribute("draft")) this.#parts.draft.value = "";
    this.#id = next;
    this.#customer = customer;
    this.#text = String(text ?? "");
    this.#parts.complaint.value = this.#text;
    if (suggestion) this.#display(suggestion);
    else if (this.#text.trim()) await this.#suggest();
  }

  /** Check a draft that is being written elsewhere. */
  draft(text) {
    this.#parts.draft.value = String(text ?? "");
    this.#checkSoon();
  }

  get suggestion() {
    return this.#suggestion;
  }

  // The page ------------------------------------------------------------------------------------------------------

  #build() {
    const parts = (this.#parts = {});
    parts.model = el("span", { class: "quiet" });
    parts.status = el("p", { class: "status", role: "status", "aria-live": "polite" });
    parts.result = el("div", { class: "frame inner", hidden: true });
    parts.ask = this.#askCard();
    parts.best = el("div", { class: "best", hidden: true });
    parts.draft = el("textarea", { id: "draft", rows: 6, placeholder: "Write your reply; it is checked as you type" });
    parts.draft.addEventListener("input", () => this.#checkSoon());
    const frame = el("div", { class: "frame" }, el("header", {}, mark(), el("h2", {}, "How can I help?"), parts.model),
      parts.status, parts.ask, parts.result);
    frame.setAttribute("role", "region");
    frame.setAttribute("aria-label", "Suggestion for this complaint");
    this.shadowRoot.replaceChildren(frame);
  }

  #askCard() {
    const parts = this.#parts;
    parts.complaint = el("textarea", { id: "complaint", rows: 6, placeholder: "Paste the message here" });
    parts.read = el("button", { class: "main", type: "button", onclick: () => this.#read() }, "Read it");
    parts.complaint.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) this.#read();
    });
    return el("section", { class: "card" }, el("label", { for: "complaint" }, "What the customer wrote"),
      parts.complaint, el("div", { class: "row" }, parts.read, el("span", { class: "quiet" }, "Ctrl + Enter")));
  }

  #read() {
    this.#text = this.#parts.complaint.value;
    if (this.#text.trim()) this.#suggest();
    else this.#say("There is nothing to read yet.", true);
  }

  async #suggest() {
    const asked = ++this.#asked;
    this.#parts.read.disabled = true;
    this.#parts.result.classList.add("busy");
    try {
      const suggestion = await this.#send("POST", "suggest", { text: this.#text, id: this.#id });
      if (asked === this.#asked) this.#display(suggestion);
    } catch (error) {
      if (asked === this.#asked) this.#say(error.message, true);
    } finally {
      this.#parts.read.disabled = false;
      this.#parts.result.classList.remove("busy");
    }
  }

  #display(suggestion) {
    const parts = this.#parts;
    this.#suggestion = suggestion;
    this.#number = null;
    parts.model.textContent = `${suggestion.model.name} ${suggestion.model.version}`;
    parts.ask.hidden = true;
    parts.result.hidden = false;
    parts.result.replaceChildren(...[
      this.#silence(suggestion), this.#answers(suggestion), this.#words(suggestion), this.#pair(suggestion),
      this.#draftCard(), this.#alternatives(suggestion), this.#actions(),
    ].filter(Boolean));
    this.#say(suggestion.abstained ? SILENCES[suggestion.abstained] ?? "" : "", false, true);
    this.#checkSoon();
    this.#tell("opportunity-suggestion", { id: this.#id, chosen: suggestion.chosen });
  }

  #silence({ abstained }) {
    return abstained ? el("p", { class: "notice" }, SILENCES[abstained] ?? spoken(abstained)) : null;
  }

  #answers(suggestion) {
    if (!suggestion.answers) return null;
    const { opportunity, help } = suggestion.answers;
    return el("div", { class: "answers" },
      el("section", { class: "card answer" }, el("h3", {}, "What is the real opportunity here?"), el("p", {}, opportunity),
        this.#chips(suggestion, "opportunity")),
      el("section", { class: "card answer two" }, el("h3", {}, "How can I help?"), el("p", {}, help),
        this.#chips(suggestion, "help")));
  }

  #chips(suggestion, head) {
    const sure = new Map((suggestion[head] ?? []).map((r) => [r.label, r.probability]));
    const chosen = listed(suggestion.chosen[head]);
    return chosen.length === 0 ? null : el("ul", { class: "chips", "aria-label": "Labels" }, chosen.map((label, i) =>
      el("li", { class: i === 0 ? "chip first" : "chip" }, spoken(label),
        sure.has(label) ? el("span", { class: "quiet" }, percent(sure.get(label))) : null)));
  }

  #words(suggestion) {
    const answered = (e) => ["opportunity", "help"].includes(e.head) && listed(suggestion.chosen[e.head])[0] === e.label;
    const votes = suggestion.evidence.filter(answered);
    const words = el("div", { class: "words", tabindex: 0, role: "group", "aria-label": "The customer's message" },
      segments(this.#text, votes).map((part) => this.#marked(part)));
    const edit = el("button", { class: "small", type: "button", onclick: () => this.#edit() }, "Another message");
    return el("section", { class: "card" }, el("div", { class: "head" }, el("h3", { class: "title" }, "Their words"), edit),
      words, votes.length ? legend(votes) : null, this.#facts(suggestion.facts ?? {}));
  }

  #marked({ text, votes }) {
    if (!votes.length) return text;
    const heads = new Set(votes.map((v) => v.head));
    const kind = heads.has("help") ? (heads.size > 1 ? "both" : "help") : "";
    const why = [...new Set(votes.map((v) => spoken(v.label)))].join(", ");
    return el("mark", { class: kind, title: why }, text, el("span", { class: "visually-hidden" }, ` (${why})`));
  }

  #facts(facts) {
    const known = Object.entries(FACTS).filter(([name]) => facts[name]);
    return known.length === 0 ? null : el("dl", { class: "facts" }, known.map(([name, title]) =>
      el("div", {}, el("dt", {}, title), el("dd", {}, facts[name].quote))));
  }

  #edit() {
    this.#parts.ask.hidden = false;
    this.#parts.complaint.focus();
  }

  #pair(suggestion) {
    const cards = [this.#plan(suggestion.plan), this.#levels(suggestion.levels)].filter(Boolean);
    return cards.length ? el("div", { class: "pair" }, cards) : null;
  }

  #plan(plan) {
    const steps = STEPS.filter(([name]) => plan?.[name]);
    return steps.length === 0 ? null : el("section", { class: "card" }, el("h3", {}, "Plan of the reply"),
      el("ol", { class: "steps" }, steps.map(([name, title, hint], i) => el("li", { "data-n": i + 1 },
        el("h4", { class: "title" }, title, " ", el("span", { class: "quiet" }, hint)), el("p", {}, plan[name])))));
  }

  #levels(levels) {
    const rungs = LEVELS.filter(([name]) => levels?.[name]);
    return rungs.length === 0 ? null : el("section", { class: "card" }, el("h3", {}, "How far to go"),
      el("ol", { class: "rungs" }, rungs.map(([name, title]) => {
        const aim = name === levels.target;
        return el("li", { class: aim ? "target" : "", "aria-current": aim ? "step" : null },
          el("h4", { class: "title" }, title, aim ? el("span", { class: "aim" }, "aim here") : null),
          el("p", {}, levels[name]));
      })));
  }

  #alternatives(suggestion) {
    const ranks = HEADS_SHOWN.map((head) => el("div", {}, el("h4", {}, spoken(head)),
      el("ul", {}, (suggestion[head] ?? []).slice(0, 4).map((r) => this.#rank(r, listed(suggestion.chosen[head]))))));
    const open = ["low_probability", "narrow_margin"].includes(suggestion.abstained);
    return el("details", { class: "card", open }, el("summary", {}, "Other readings"), el("div", { class: "ranks" }, ranks));
  }

  #rank({ label, probability }, chosen) {
    const bar = el("i");
    bar.style.width = `${Math.round(Math.min(1, Math.max(0, probability)) * 100)}%`;
    return el("li", {}, el("span", {}, spoken(label), chosen.includes(label) ? " ✓" : null),
      el("span", { class: "quiet" }, percent(probability)),
      el("span", { class: chosen.includes(label) ? "bar" : "bar weak", "aria-hidden": "true" }, bar));
  }

  // Am I doing my best? -------------------------------------------------------------------------------------------

  #draftCard() {
    const parts = this.#parts;
    const elsewhere = Boolean(this.getAttribute("draft"));
    const hint = elsewhere ? el("p", { class: "quiet" }, "Your reply is checked here as you write it.") : null;
    parts.draft.hidden = elsewhere;
    return el("section", { class: "card" }, el("h3", {}, "Am I doing my best?"), hint,
      el("label", { for: "draft", class: "visually-hidden" }, "Your reply"), parts.draft, parts.best);
  }

  #checkSoon() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#check(), CHECK_DELAY);
  }

  async #check() {
    const reply = this.#parts.draft.value;
    this.#parts.best.hidden = !reply.trim();
    if (!reply.trim() || !this.#suggestion) return;
    try {
      const body = { complaint: this.#text, reply, chosen: this.#suggestion.chosen };
      const review = await this.#send("POST", "check", body);
      if (reply === this.#parts.draft.value) this.#review(review);
    } catch (error) {
      this.#say(error.message, true);
    }
  }

  #review(review) {
    const mend = review.mend_first;
    const asked = Object.entries(review.answers).map(([question, answer]) => {
      const sign = { yes: "✓", no: "✗" }[answer] ?? "–";
      const spokenAnswer = { yes: "yes: ", no: "no: " }[answer] ?? "does not apply: ";
      const quote = review.quotes?.[question]?.quote;
      return el("li", { class: `${answer}${question === mend ? " mend" : ""}` }, el("span", { "aria-hidden": "true" }, sign),
        el("span", {}, el("span", { class: "visually-hidden" }, spokenAnswer), QUESTIONS[question] ?? spoken(question),
          quote ? el("q", {}, quote) : null));
    });
    const advice = mend
      ? el("div", {}, el("p", { class: "title" }, `Mend first: ${(QUESTIONS[mend] ?? spoken(mend)).toLowerCase()}`),
        review.example ? el("p", { class: "quiet" }, "For example: ", review.example) : null)
      : el("p", { class: "title" }, "Yes. This is your best.");
    advice.setAttribute("role", "status");
    this.#parts.best.hidden = false;
    this.#parts.best.replaceChildren(el("div", { class: "gauge" }, gauge(review.out_of_ten), advice),
      el("ul", { class: "asked" }, asked));
  }

  #followDraft() {
    const box = document.getElementById(this.getAttribute("draft") ?? "");
    if (!box) return;
    const follow = () => this.draft(box.value);
    box.addEventListener("input", follow);
    this.#undo.push(() => box.removeEventListener("input", follow));
  }

  // Accept, correct, tell -----------------------------------------------------------------------------------------

  #actions() {
    const room = el("div");
    this.#parts.thanks = el("p", { class: "status", role: "status", "aria-live": "polite" });
    const button = (name, kind, action) => el("button", { type: "button", class: kind, onclick: action }, name);
    return el("section", { class: "card", "aria-label": "Was this right?" }, el("h3", {}, "Was this right?"),
      el("div", { class: "row tight" },
        button("Accept", "main", () => this.#feedback({ kind: "accepted" }, "Thank you. Noted as right.")),
        button("Correct", "", () => this.#openCorrection(room)),
        button("Save as story", "", () => this.#openStory(room)), this.#parts.thanks), room);
  }

  async #openCorrection(room) {
    try {
      this.#taxonomy ??= await this.#send("GET", "taxonomy");
    } catch (error) {
      this.#say(error.message, true);
      return;
    }
    const form = el("form", { class: "fields", "aria-label": "Correct the labels" },
      this.#taxonomy.map((head) => this.#field(head)),
      el("div", { class: "row wide" }, el("button", { class: "main", type: "submit" }, "Save correction")));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#feedback({ kind: "corrected", chosen: this.#corrected(form) }, "Thank you. Your correction is kept.", room);
    });
    room.replaceChildren(form);
    form.querySelector("select, input").focus();
  }

  #field({ name, question, form, most, labels }) {
    const chosen = listed(this.#suggestion.chosen[name]);
    if (form === "single") {
      const options = labels.map((l) => el("option", { value: l.name, title: l.meaning, selected: chosen[0] === l.name }, spoken(l.name)));
      const none = el("option", { value: "", selected: chosen.length === 0 }, "Cannot tell");
      return el("div", {}, el("label", { for: `f-${name}` }, question), el("select", { id: `f-${name}`, name }, none, options));
    }
    const inOrder = [...chosen, ...labels.map((l) => l.name).filter((l) => !chosen.includes(l))];
    const meaning = new Map(labels.map((l) => [l.name, l.meaning]));
    const boxes = inOrder.map((label) => el("label", { title: meaning.get(label) },
      el("input", { type: "checkbox", name, value: label, checked: chosen.includes(label) }), spoken(label)));
    const field = el("fieldset", { class: "wide", "data-ranked": form === "ranked" },
      el("legend", {}, question, form === "ranked" ? el("span", { class: "quiet" }, " (in the order you tick them)") : null),
      el("div", { class: "boxes" }, boxes));
    keepOrder(field, most);
    return field;
  }

  #corrected(form) {
    const ticked = (name) => [...form.querySelectorAll(`input[name="${name}"]:checked`)]
      .sort((a, b) => a.dataset.place - b.dataset.place).map((box) => box.value);
    return Object.fromEntries(this.#taxonomy.map(({ name, form: kind }) =>
      [name, kind === "single" ? form.elements[name].value || null : ticked(name)]));
  }

  #openStory(room) {
    const fields = STORY.map(([name, title, needed]) => el("div", { class: "wide" },
      el("label", { for: `s-${name}` }, title, needed ? null : el("span", { class: "quiet" }, " (if you like)")),
      name === "title" ? el("input", { id: `s-${name}`, name, required: true, maxlength: 200 })
        : el("textarea", { id: `s-${name}`, name, rows: 2, class: "short", required: needed })));
    const form = el("form", { class: "fields", "aria-label": "Save as story" }, fields,
      el("div", { class: "row wide" }, el("button", { class: "main", type: "submit" }, "Save story")));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const story = Object.fromEntries(STORY.map(([name]) => [name, form.elements[name].value.trim() || null]));
      this.#feedback({ kind: "story", ...story }, "Your story is kept.", room);
    });
    room.replaceChildren(form);
    form.elements.title.focus();
  }

  async #feedback(given, thanks, room = null) {
    this.#parts.thanks.textContent = "";
    try {
      const { model } = this.#suggestion;
      const about = { id: this.#id, text: this.#text, customer: this.#customer, agent: this.getAttribute("agent"), suggestion: this.#number };
      this.#number = (await this.#send("POST", "feedback", { ...about, ...given })).suggestion ?? null;
      room?.replaceChildren();
      this.#parts.thanks.textContent = thanks;
      this.#tell("opportunity-feedback", { id: this.#id, kind: given.kind, model });
    } catch (error) {
      this.#say(error.message, true);
    }
  }

  // To and from the outside ---------------------------------------------------------------------------------------

  async #send(method, path, body) {
    return this.transport ? this.transport(method, path, body) : this.#fetch(method, path, body);
  }

  async #fetch(method, path, body) {
    const headers = { accept: "application/json" };
    const key = this.getAttribute("api-key") ?? new URLSearchParams(location.hash.slice(1)).get("key");
    if (key) headers.authorization = `Bearer ${key}`;
    if (body) headers["content-type"] = "application/json";
    if (this.hasAttribute("csrf")) headers["x-csrftoken"] = this.getAttribute("csrf");
    let response;
    try {
      response = await fetch(`${this.getAttribute("api") ?? "/v1"}/${path}`,
        { method, headers, body: body && JSON.stringify(body), credentials: "same-origin" });
    } catch {
      throw new Error("The service cannot be reached. Your text is still here.");
    }
    const answer = await response.json().catch(() => ({}));
    if (!response.ok) throw new Error(typeof answer.error === "string" ? answer.error : `The service answered ${response.status}.`);
    return answer;
  }

  #readSource() {
    const source = document.getElementById(this.getAttribute("source") ?? "");
    if (!source) return;
    try {
      this.show(JSON.parse(source.textContent));
    } catch {
      this.#say("The page's complaint cannot be read.", true);
    }
  }

  #say(message, bad = false, hidden = false) {
    const { status } = this.#parts;
    status.className = hidden ? "visually-hidden" : bad ? "status bad notice" : "status";
    status.textContent = message || (hidden ? "The suggestion is ready." : "");
    if (message && !hidden) status.scrollIntoView({ block: "nearest" });
  }

  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }));
  }

  /** Where the page switches between light and dark (as Bootstrap pages do), the panel goes with it. */
  #followTheme() {
    if (this.hasAttribute("theme")) return;
    const page = document.documentElement;
    const follow = () => {
      const theme = page.dataset.bsTheme;
      if (["light", "dark"].includes(theme)) this.setAttribute("theme", theme);
    };
    const watch = new MutationObserver(follow);
    watch.observe(page, { attributeFilter: ["data-bs-theme"] });
    this.#undo.push(() => watch.disconnect());
    follow();
  }
}

/** Number the ticked boxes in the order in which they were ticked, and allow no more than the head may have. */
function keepOrder(field, most) {
  const boxes = [...field.querySelectorAll("input")];
  let order = boxes.filter((box) => box.checked);
  const number = () => {
    for (const box of boxes) {
      const place = order.indexOf(box);
      box.dataset.place = place;
      box.disabled = place < 0 && order.length >= most;
      box.parentElement.dataset.place = place < 0 ? "" : place + 1;
    }
  };
  field.addEventListener("change", ({ target }) => {
    order = order.filter((box) => box !== target);
    if (target.checked) order.push(target);
    number();
  });
  number();
}

function mark() {
  return svg("svg", { viewBox: "0 0 32 32", "aria-hidden": "true" },
    svg("path", { fill: "currentColor", d: "M16 2a14 14 0 1 0 7.6 25.8l5.2 1.6-1.6-5.2A14 14 0 0 0 16 2Z", opacity: ".18" }),
    svg("path", { fill: "none", stroke: "currentColor", "stroke-width": 3, "stroke-linecap": "round", "stroke-linejoin": "round", d: "m10 17 4.2 4.2L22.5 12" }));
}

function gauge(outOfTen) {
  const length = 2 * Math.PI * 42;
  const share = Math.min(1, Math.max(0, outOfTen / 10));
  const shown = Number.isInteger(outOfTen) ? String(outOfTen) : outOfTen.toFixed(1);
  return svg("svg", { viewBox: "0 0 100 100", role: "img", "aria-label": `${shown} out of 10` },
    svg("circle", { cx: 50, cy: 50, r: 42 }),
    svg("circle", { class: "on", cx: 50, cy: 50, r: 42, transform: "rotate(-90 50 50)", "stroke-dasharray": length, "stroke-dashoffset": length * (1 - share) }),
    svg("text", { x: 50, y: 51 }, shown));
}

function legend(votes) {
  const heads = new Set(votes.map((v) => v.head));
  return el("p", { class: "legend quiet", "aria-hidden": "true" },
    [...heads].some((h) => h !== "help") ? el("span", {}, el("mark", {}, "words"), " that show the opportunity") : null,
    heads.has("help") ? el("span", {}, el("mark", { class: "help" }, "words"), " that show how to help") : null);
}

/** Listen for {type: "opportunity:complaint", id, text} from an allowed page that embeds this one. */
function listenToParent(panel) {
  return listen(panel, (data) => {
    if (data?.type === "opportunity:complaint") panel.show({ id: data.id, text: data.text });
    if (data?.type === "opportunity:draft") panel.draft(data.text);
  });
}

/** Chatwoot's dashboard apps get the conversation by postMessage, as JSON in a string. */
function embedInChatwoot(panel) {
  const stop = listen(panel, (data) => {
    if (data?.event !== "appContext") return;
    const { conversation } = data.data ?? {};
    const incoming = (conversation?.messages ?? []).filter((m) => m.message_type === 0 && !m.private && m.content);
    if (incoming.length) panel.show({ id: conversation.id, text: incoming.at(-1).content });
  });
  for (const origin of allowed(panel)) window.parent.postMessage("chatwoot-dashboard-app:fetch-info", origin);
  return stop;
}

/** Zendesk's sidebar apps talk through its SDK; requests go through Zendesk, so that the key stays there. */
function embedInZendesk(panel) {
  const client = window.ZAFClient?.init();
  if (!client) return undefined;
  panel.transport = async (method, path, body) => client.request({
    url: new URL(`${panel.getAttribute("api") ?? "/v1"}/${path}`, location.href).href,
    type: method,
    contentType: "application/json",
    data: body && JSON.stringify(body),
    headers: { Authorization: "Bearer {{setting.api_key}}" },
    secure: true,
  });
  client.get(["ticket.id", "ticket.description", "comment.text"]).then((ticket) => {
    panel.show({ id: ticket["ticket.id"], text: textOf(ticket["ticket.description"] ?? "") });
    panel.draft(textOf(ticket["comment.text"] ?? ""));
  });
  client.on("comment.text.changed", (html) => panel.draft(textOf(html)));
  client.invoke("resize", { width: "100%", height: "70vh" });
  return undefined;
}

function allowed(panel) {
  return (panel.getAttribute("origins") ?? "").split(" ").filter((origin) => origin && !origin.includes("*"));
}

function listen(panel, take) {
  const heard = (event) => {
    if (event.source !== window.parent || event.origin !== location.origin && !allowed(panel).includes(event.origin)) return;
    let data = event.data;
    if (typeof data === "string") {
      try {
        data = JSON.parse(data);
      } catch {
        return;
      }
    }
    take(data);
  };
  window.addEventListener("message", heard);
  return () => window.removeEventListener("message", heard);
}

customElements.define("opportunity-panel", OpportunityPanel);
