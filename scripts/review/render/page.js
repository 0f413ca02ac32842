'use strict';
// Adds the filter, the keyboard shortcuts, and printing of closed sections. The page is complete without this script.
//
// The changes are in chunks, each in a <noscript>. With scripts, its content is plain text, so 10,000 changes cost almost
// nothing. A chunk becomes elements when it comes near the screen. Its text is this page's own HTML, escaped by the
// template: no "<" in it comes from a plan.

const AT_ONCE = 500; // up to this many changes become elements at once, so that the browser's search finds them
const OPENED = 1000; // the most changes that "Open all" opens
const PRINTED = 50; // up to this many closed changes are opened for printing
const LINE = 2.6; // the height of a closed change, in rem

const chunks = [...document.querySelectorAll('.chunk')].map((element) => {
  const html = element.querySelector('noscript').textContent.trim();
  return { element, pieces: html.split(/(?=<details class="change")/), texts: [], shown: null, changes: null };
});

function render(chunk) {
  if (chunk.changes) return;
  chunk.element.innerHTML = chunk.pieces.join('');
  chunk.element.style.minHeight = '';
  chunk.changes = [...chunk.element.children];
  show(chunk);
}

function show(chunk) {
  const { element, changes, pieces, shown } = chunk;
  if (!shown) return;
  const count = shown.filter(Boolean).length;
  element.hidden = !count;
  if (changes) changes.forEach((change, place) => { change.hidden = !shown[place]; });
  else element.style.minHeight = `${LINE * count}rem`;
}

const ENTITIES = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&#34;', "'": '&#39;' };
const escaped = (text) => text.replace(/[&<>"']/g, (character) => ENTITIES[character]);

// The filter compares escaped texts: both the page's text and the search words stay escaped.
function textOf(chunk, place) {
  chunk.texts[place] ??= chunk.pieces[place].replace(/<[^>]*>/g, ' ').toLowerCase();
  return chunk.texts[place];
}

function setUp(section) {
  const form = section.querySelector('.filter');
  const [text, type] = [form.querySelector('[type=search]'), form.querySelector('select')];
  const [found, opener] = [form.querySelector('output'), form.querySelector('.open')];
  const modules = [...section.querySelectorAll('.module')];
  const own = chunks.filter(({ element }) => section.contains(element));
  const total = own.reduce((sum, { pieces }) => sum + pieces.length, 0);

  function apply() {
    const words = escaped(text.value.toLowerCase()).split(/\s+/).filter(Boolean);
    const heads = [...form.querySelectorAll(':checked[type=checkbox]')].map((box) => ` data-action="${box.value}"`);
    const ofType = type.value && ` data-type="${escaped(type.value)}"`;
    let count = 0;
    for (const chunk of own) {
      chunk.shown = chunk.pieces.map((piece, place) => {
        const head = piece.slice(0, piece.indexOf('>'));
        return (!heads.length || heads.some((each) => head.includes(each))) && head.includes(ofType)
          && words.every((word) => textOf(chunk, place).includes(word));
      });
      count += chunk.shown.filter(Boolean).length;
      show(chunk);
    }
    for (const module of modules) module.hidden = !module.querySelector('.chunk:not([hidden])');
    found.value = `${count.toLocaleString('en')} of ${total.toLocaleString('en')} shown`;
    opener.disabled = count > OPENED;
    opener.title = opener.disabled ? `Filter to ${OPENED} or fewer first` : '';
  }

  function toggleAll() {
    own.filter(({ element }) => !element.hidden).forEach(render);
    const shown = [...section.querySelectorAll('.chunk:not([hidden]) > .change:not([hidden])')];
    const open = shown.some((change) => !change.open);
    for (const change of shown) change.open = open;
    opener.textContent = open ? 'Close all' : 'Open all';
  }

  form.addEventListener('input', apply);
  form.addEventListener('submit', (event) => event.preventDefault());
  form.addEventListener('reset', () => setTimeout(apply));
  form.addEventListener('keydown', (event) => { if (event.key === 'Escape') form.reset(); });
  opener.addEventListener('click', toggleAll);
  form.hidden = false;
  if (own[0].pieces[0].startsWith('<details class="change" open')) opener.textContent = 'Close all';
  apply();
  return { section, form, text };
}

const filters = [...document.querySelectorAll('.resources')].map(setUp);
if (chunks.reduce((sum, { pieces }) => sum + pieces.length, 0) <= AT_ONCE) {
  chunks.forEach(render);
} else {
  const near = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      near.unobserve(target);
      render(chunks.find(({ element }) => element === target));
    }
  }, { rootMargin: '1500px' });
  for (const chunk of chunks) {
    chunk.element.style.minHeight = `${LINE * chunk.pieces.length}rem`;
    near.observe(chunk.element);
  }
}

document.addEventListener('keydown', (event) => {
  if (event.key !== '/' || event.ctrlKey || event.metaKey || event.altKey || event.target.matches('input, select')) return;
  const nearest = filters.find(({ section }) => section.getBoundingClientRect().bottom > 0) ?? filters.at(-1);
  if (!nearest) return;
  event.preventDefault();
  nearest.text.focus();
  nearest.text.select();
});

// A line at the top links to its finding, which may be folded. A finding links to its change, which may be closed, hidden
// by the filter, or not an element yet.
function follow() {
  const id = location.hash.slice(1);
  const target = document.getElementById(id);
  let fold = target?.closest('details:not(.change)');
  if (fold) setTimeout(() => target.scrollIntoView()); // once the folds are open
  for (; fold; fold = fold.parentElement.closest('details')) fold.open = true;
  const chunk = chunks.find(({ pieces }) => pieces.some((piece) => piece.slice(0, piece.indexOf('>')).includes(` id="${id}"`)));
  if (!chunk) return;
  render(chunk);
  const change = document.getElementById(id);
  if (change.hidden) filters.find(({ section }) => section.contains(change)).form.reset();
  change.open = true;
  setTimeout(() => {
    change.scrollIntoView();
    change.firstElementChild.focus();
  });
}
addEventListener('hashchange', follow);
follow();

let opened = [];
addEventListener('beforeprint', () => {
  chunks.forEach(render);
  const closed = [...document.querySelectorAll('details:not([open], .long)')].filter((each) => !each.closest('[hidden]'));
  const changes = closed.filter((each) => each.matches('.change'));
  opened = changes.length <= PRINTED ? closed : closed.filter((each) => !each.matches('.change'));
  for (const each of opened) each.open = true;
});
addEventListener('afterprint', () => opened.forEach((each) => { each.open = false; }));
