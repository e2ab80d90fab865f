// What a look at the page sees, with everything unfolded that can be.
(() => {
  document.querySelectorAll('details').forEach(details => { details.open = true; });

  const parse = color => {
    const [r, g, b, a = 1] = color.match(/[\d.]+/g).map(Number);
    return {r, g, b, a};
  };
  const over = (top, below) => ({
    r: top.r * top.a + below.r * (1 - top.a),
    g: top.g * top.a + below.g * (1 - top.a),
    b: top.b * top.a + below.b * (1 - top.a),
    a: 1,
  });
  const behind = element => {
    const layers = [];
    for (let at = element; at; at = at.parentElement) layers.push(parse(getComputedStyle(at).backgroundColor));
    return layers.reduceRight((below, top) => over(top, below), {r: 255, g: 255, b: 255, a: 1});
  };
  // https://www.w3.org/TR/WCAG22/#dfn-relative-luminance
  const luminance = ({r, g, b}) => {
    const [x, y, z] = [r, g, b].map(v => v / 255).map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const contrast = (one, other) => {
    const [dark, light] = [luminance(one), luminance(other)].sort((x, y) => x - y);
    return (light + 0.05) / (dark + 0.05);
  };
  const readable = element => element.checkVisibility({opacityProperty: true, visibilityProperty: true}) && element.getClientRects().length > 0;

  const faint = new Set();
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const text = texts.currentNode.data.trim(), element = texts.currentNode.parentElement;
    if (!text || !readable(element)) continue;
    const style = getComputedStyle(element), size = parseFloat(style.fontSize);
    const large = size >= 24 || size >= 18.66 && style.fontWeight >= 700;
    const ground = behind(element), found = contrast(over(parse(style.color), ground), ground);
    if (found < (large ? 3 : 4.5)) faint.add(`${text}: ${found.toFixed(2)}`);
  }
  return {
    Width: document.scrollingElement.scrollWidth,
    Faint: [...faint],
    Text: document.body.innerText,
    Headings: [...document.querySelectorAll('h1,h2')].filter(readable)
      .map(heading => ({Text: heading.innerText, Bottom: heading.getBoundingClientRect().bottom})),
  };
})()
