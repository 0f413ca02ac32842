'use strict';
// Adds to a page that is whole without it: the filter, the keys, and printing what is closed.

const AT_ONCE = 500; // changes up to which all are made into elements at the start, so that the browser's search finds them
const OPENED = 1000; // the most that "Open all" and printing open

// The body of a change is a <noscript>, whose content is text while scripts run. It is this page's own escaped HTML.
function fill(change) {
  const held = change.querySelector(':scope > noscript');
  if (held) {
    const body = document.createElement('div');
    body.innerHTML = held.textContent;
    held.replaceWith(body);
  }
}

const ENTITIES = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&#34;', "'": '&#39;' };
const escaped = (text) => text.toLowerCase().replace(/[&<>"']/g, (character) => ENTITIES[character]);

// What the filter looks through, escaped as the page is: so no body has to become elements for it.
const texts = new WeakMap();
function textOf(change) {
  if (!texts.has(change)) {
    const held = change.querySelector(':scope > noscript');
    const body = held ? held.textContent.toLowerCase().replace(/<[^>]*>/g, ' ') : escaped(change.textContent);
    texts.set(change, escaped(change.firstElementChild.textContent) + ' ' + body);
  }
  return texts.get(change);
}

function open(change) {
  fill(change);
  change.open = true;
}

function setUp(section) {
  const form = section.querySelector('.filter');
  const [text, type] = [form.querySelector('[type=search]'), form.querySelector('select')];
  const [found, opener] = [form.querySelector('output'), form.querySelector('.open')];
  const modules = [...section.querySelectorAll('.module')];
  const changes = [...section.querySelectorAll('.change')];
  const shown = () => changes.filter((change) => !change.hidden);

  function apply() {
    const words = escaped(text.value).split(/\s+/).filter(Boolean);
    const actions = [...form.querySelectorAll(':checked[type=checkbox]')].map((box) => box.value);
    let count = 0;
    for (const change of changes) {
      const matches = (!actions.length || actions.includes(change.dataset.action))
        && (!type.value || type.value === change.dataset.type)
        && words.every((word) => textOf(change).includes(word));
      count += matches;
      if (change.hidden === matches) change.hidden = !matches;
    }
    for (const module of modules) module.hidden = !module.querySelector('.change:not([hidden])');
    found.value = `${count.toLocaleString('en')} of ${changes.length.toLocaleString('en')} shown`;
    opener.disabled = count > OPENED;
    opener.title = opener.disabled ? `Filter to ${OPENED} or fewer first` : '';
  }

  form.addEventListener('input', apply);
  form.addEventListener('submit', (event) => event.preventDefault());
  form.addEventListener('reset', () => setTimeout(apply));
  form.addEventListener('keydown', (event) => { if (event.key === 'Escape') form.reset(); });
  opener.addEventListener('click', () => {
    const closed = shown().filter((change) => !change.open);
    if (closed.length) closed.forEach(open);
    else shown().forEach((change) => { change.open = false; });
  });
  section.addEventListener('toggle', () => {
    opener.textContent = section.querySelector('.change:not([open], [hidden])') ? 'Open all' : 'Close all';
  }, true);
  form.hidden = false;
  apply();
  return { section, form, text, shown };
}

const filters = [...document.querySelectorAll('.resources')].map(setUp);
const everyChange = [...document.querySelectorAll('.change')];
everyChange.filter((change) => change.open || everyChange.length <= AT_ONCE).forEach(fill);
document.addEventListener('toggle', (event) => { if (event.target.matches('.change')) fill(event.target); }, true);

document.addEventListener('keydown', (event) => {
  if (event.key !== '/' || event.ctrlKey || event.metaKey || event.altKey || event.target.matches('input, select')) return;
  const below = filters.filter(({ section }) => section.getBoundingClientRect().bottom > 0);
  const nearest = below[0] ?? filters.at(-1);
  if (nearest) {
    event.preventDefault();
    nearest.text.focus();
    nearest.text.select();
  }
});

// A finding links to its change, which may be closed or filtered away.
function follow() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!target?.matches('.change')) return;
  open(target);
  if (target.hidden) filters.find(({ section }) => section.contains(target))?.form.reset();
  setTimeout(() => {
    target.scrollIntoView();
    target.firstElementChild.focus();
  });
}
addEventListener('hashchange', follow);
follow();

let opened = [];
addEventListener('beforeprint', () => {
  const closed = [...document.querySelectorAll('details:not([open])')].filter((each) => !each.closest('[hidden]') && !each.matches('.long'));
  opened = closed.length <= OPENED ? closed : closed.filter((each) => !each.matches('.change'));
  opened.forEach(open);
});
addEventListener('afterprint', () => opened.forEach((each) => { each.open = false; }));
