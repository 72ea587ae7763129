// Reads the page anew every two seconds, and replaces the parts that have changed. Without it a reader reloads.
"use strict";

async function refresh() {
  if (document.hidden) return;
  const answer = await fetch("/", { headers: { accept: "text/html" }, signal: AbortSignal.timeout(5000) });
  if (!answer.ok) throw new Error(`cannot be read: ${answer.status}`);
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const part of document.querySelectorAll("main > section")) {
    const news = fresh.getElementById(part.id);
    // A button that somebody is about to press stays where it is.
    const used = part.contains(document.activeElement) || (part.id === "unknown" && part.matches(":hover"));
    if (news && news.innerHTML !== part.innerHTML && !used) {
      part.innerHTML = news.innerHTML;
    }
  }
}

async function live() {
  let text = "live";
  try {
    await refresh();
  } catch (error) {
    text = error.message.startsWith("cannot be read") ? error.message : "the server does not answer";
  }
  document.getElementById("state").textContent = text;
  setTimeout(live, 2000);
}

setTimeout(live, 2000);
