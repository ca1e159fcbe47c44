// All of this is optional: without it the pages say clock times and work the same.
(() => {
	const said = document.getElementById("said");
	const number = /\d+(:\d\d)?(?=\D*$)/;

	const say = (text) => {
		if (text) said.textContent = text;
	};
	const left = (el, began) => Math.max(0, Math.ceil(el.dataset.left - (Date.now() - began) / 1000));
	// fill puts what is left into the last number of text, as "0:48" or as "48".
	const fill = (text, s) =>
		text.replace(number, (n) =>
			n.includes(":") ? Math.floor(s / 60) + ":" + String(s % 60).padStart(2, "0") : Math.max(2, s));

	// watch counts down in data-text, speaks at 20 seconds and at the end, and then wakes a
	// button, or the very button that counts. A form is the sign-in's own end: it comes forward for
	// the last 20 seconds.
	const watch = (el) => {
		const { text, soon, over, wakes } = el.dataset;
		const form = el.matches("form");
		const began = Date.now();
		let warned = left(el, began) <= 20 && !form;
		const tick = () => {
			if (!el.isConnected) return; // another is in its place
			const s = left(el, began);
			if (text) el.textContent = s || !over || el.matches("[role=timer]") ? fill(text, s) : over;
			if (el.matches("button")) el.disabled = s > 0;
			if (s <= 20 && form) {
				el.classList.add("soon");
				el.querySelector("span").textContent = s ? fill(soon, s) : over;
			}
			if (s <= 20 && !warned) {
				warned = true;
				say(soon);
			}
			if (s) return setTimeout(tick, 250);
			say(over);
			if (wakes) document.getElementById(wakes).disabled = false;
		};
		tick();
	};
	document.querySelectorAll("[data-text]:not([data-left])").forEach((el) => (el.textContent = el.dataset.text));
	document.querySelectorAll("[data-left]").forEach(watch);

	// live asks for an element again every data-every milliseconds and puts it in its place when
	// it has changed, until one comes that is not live itself, or the page is not ours any more.
	// What has the focus keeps it, and what plays is not cut off: that change waits. A form
	// that says so is sent at once: what was waited for has come.
	const go = (el) => el.querySelector("form[data-go]")?.requestSubmit();
	const live = (el) => {
		let was = el.outerHTML;
		const ask = async () => {
			try {
				const r = await fetch(el.dataset.live);
				if (r.redirected || (r.status >= 400 && r.status < 500)) return;
				const now = r.ok && new DOMParser().parseFromString(await r.text(), "text/html").body.firstElementChild;
				if (now && now.outerHTML !== was && [...el.querySelectorAll("audio")].every((a) => a.paused)) {
					const id = el.contains(document.activeElement) && document.activeElement.id;
					was = now.outerHTML;
					el.replaceWith(now);
					el = now;
					if (id) document.getElementById(id)?.focus();
					el.querySelectorAll("[data-left]").forEach(watch);
					go(el);
				}
			} catch {} // no answer: the next one will come
			if (el.dataset.live) setTimeout(ask, el.dataset.every);
		};
		setTimeout(ask, el.dataset.every);
	};
	document.querySelectorAll("[data-live]").forEach(live);
	go(document);

	// A search shows what it finds while somebody types; an answer that comes late is left.
	document.querySelectorAll("[data-finds]").forEach((el) => {
		let last = 0;
		el.addEventListener("input", () => {
			const now = ++last;
			setTimeout(async () => {
				if (now !== last) return;
				const r = await fetch(el.dataset.finds + "?q=" + encodeURIComponent(el.value)).catch(() => {});
				const text = r?.ok ? await r.text() : "";
				if (now !== last) return;
				const found = document.getElementById("found");
				found.replaceChildren(...new DOMParser().parseFromString(text, "text/html").body.childNodes);
				say(found.querySelector("[data-said]")?.dataset.said);
			}, 150);
		});
	});

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
