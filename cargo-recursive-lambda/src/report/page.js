(() => {
  const picture = document.getElementById('picture');
  const details = document.getElementById('details');
  const bars = [...picture.querySelectorAll('a.invocation')];
  details.hidden = false;
  const idle = 'Point at a mark, or move along the invocations with the arrow keys. Enter leads to the table.';
  const show = (mark) => {
    const title = mark && mark.querySelector('title');
    details.textContent = title ? title.textContent : idle;
    details.classList.toggle('shown', !!title);
  };
  show(null);
  // One stop for the tab key; the arrow keys move along the bars.
  const first = bars[0];
  bars.forEach((bar) => bar.setAttribute('tabindex', bar === first ? '0' : '-1'));
  picture.addEventListener('keydown', (event) => {
    const at = bars.indexOf(document.activeElement);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: bars.length - 1 }[event.key];
    if (at < 0 || !bars[to]) return;
    event.preventDefault();
    bars[at].setAttribute('tabindex', '-1');
    bars[to].setAttribute('tabindex', '0');
    bars[to].focus();
  });
  picture.addEventListener('focusin', (event) => show(event.target.closest('a.invocation')));
  picture.addEventListener('pointerover', (event) => show(event.target.closest('a.invocation, use, rect, line')));
  picture.addEventListener('pointerleave', () => show(document.activeElement.closest('a.invocation')));
})();
