// What pages do beyond their forms: every page works without it, but for copying and for times in the reader's zone.

const each = (selector, act) => document.querySelectorAll(selector).forEach(act);

// Times in the reader's zone; the exact one on hover.
const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "long" });
const short = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
each("time[datetime]", (time) => {
  const at = new Date(time.dateTime);
  if (Number.isNaN(at.getTime())) return;
  time.textContent = short.format(at);
  time.title = exact.format(at);
});

// <button data-copy="id"> copies the text of the element with that id.
each("button[data-copy]", (button) => {
  button.hidden = false;
  const label = button.textContent;
  const status = document.createElement("span");
  status.className = "visually-hidden";
  status.setAttribute("role", "status");
  button.after(status);
  button.addEventListener("click", async () => {
    const source = document.getElementById(button.dataset.copy);
    try {
      await navigator.clipboard.writeText((source.value ?? source.textContent).trim());
      button.textContent = "Copied";
      status.textContent = "Copied";
    } catch {
      const range = document.createRange();
      range.selectNodeContents(source);
      getSelection().removeAllRanges();
      getSelection().addRange(range);
      button.textContent = "Press Ctrl+C";
      status.textContent = "Selected: copy it with the keyboard";
    }
    setTimeout(() => { button.textContent = label; status.textContent = ""; }, 2000);
  });
});

// <main data-leave-guard>: something is shown here for the only time.
const guarded = document.querySelector("[data-leave-guard]");
if (guarded) {
  let released = false;
  each("[data-leave-release]", (element) => element.addEventListener("click", () => { released = true; }));
  addEventListener("beforeunload", (event) => { if (!released) event.preventDefault(); });
}

// A page that the browser kept is asked for anew: it may show what is not to be seen any more.
addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });

// <input data-filter="id"> hides the entries of that list that do not have the text.
each("input[data-filter]", (input) => {
  input.closest("[hidden]")?.removeAttribute("hidden");
  const entries = document.getElementById(input.dataset.filter)?.querySelectorAll("[data-entry]") ?? [];
  input.addEventListener("input", () => {
    const wanted = input.value.trim().toLowerCase();
    entries.forEach((entry) => { entry.hidden = wanted !== "" && !entry.textContent.toLowerCase().includes(wanted); });
  });
});

// <form data-preview="id">: that element shows what the server says of the form as it stands.
each("form[data-preview]", (form) => {
  const target = document.getElementById(form.dataset.preview);
  let timer, running;
  const refresh = async () => {
    running?.abort();
    running = new AbortController();
    try {
      const body = new URLSearchParams(new FormData(form));
      const answer = await fetch(form.dataset.previewFrom, { method: "POST", body, signal: running.signal });
      if (answer.ok) target.innerHTML = await answer.text();
    } catch { /* the next change tries again */ }
  };
  form.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(refresh, 200); });
  form.addEventListener("change", () => { clearTimeout(timer); timer = setTimeout(refresh, 50); });
});

// <form data-once> is sent once, however often the button is pressed.
each("form[data-once]", (form) => {
  let sent = false;
  form.addEventListener("submit", (event) => {
    if (sent) event.preventDefault();
    // What fails to go out may be sent again.
    sent = true;
    setTimeout(() => { sent = false; }, 10000);
  });
});

// What only those without script need.
each("[data-without-script]", (element) => { element.hidden = true; });

// The menu stands open where there is room for it.
const wide = matchMedia("(min-width: 52.01rem)");
const fit = () => each("details[data-wide-open]", (menu) => { menu.open = wide.matches; });
wide.addEventListener("change", fit);
fit();
