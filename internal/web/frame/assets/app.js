// All of this is optional: without it the pages say clock times and work the same.
(() => {
	const began = Date.now();
	const said = document.getElementById("said");
	const number = /\d+(:\d\d)?(?=\D*$)/;

	const say = (text) => {
		if (text) said.textContent = text;
	};
	const left = (el) => Math.max(0, Math.ceil(el.dataset.left - (Date.now() - began) / 1000));
	const write = (s, like) =>
		like.includes(":") ? Math.floor(s / 60) + ":" + String(s % 60).padStart(2, "0") : Math.max(2, s);

	// A countdown is the last number in data-text. It speaks at 20 seconds and at the end.
	const watch = (el) => {
		const { text, soon, over, wakes } = el.dataset;
		let warned = left(el) <= 20;
		const tick = () => {
			const s = left(el);
			if (text) el.textContent = s || !over ? text.replace(number, (n) => write(s, n)) : over;
			if (s <= 20 && !warned) {
				warned = true;
				say(soon);
			}
			if (el.matches("form")) el.classList.toggle("soon", s <= 20);
			if (s) return setTimeout(tick, 250);
			say(over);
			if (wakes) document.getElementById(wakes).disabled = false;
		};
		tick();
	};
	document.querySelectorAll("[data-text]:not([data-left])").forEach((el) => (el.textContent = el.dataset.text));
	document.querySelectorAll("[data-left]").forEach(watch);

	// A second click on a button that has sent its form does nothing, until the page is shown again.
	let sent = [];
	document.addEventListener("submit", (e) => {
		const b = e.submitter;
		if (b) setTimeout(() => sent.push(b) && (b.disabled = true));
	});
	addEventListener("pageshow", () => {
		sent.forEach((b) => (b.disabled = false));
		sent = [];
	});
})();
