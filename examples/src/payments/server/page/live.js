// Reads the page anew every two seconds, and replaces the parts that have changed. Without it a reader reloads.
"use strict";

async function refresh() {
  if (document.hidden) return;
  const answer = await fetch("/", { headers: { accept: "text/html" } });
  if (!answer.ok) throw new Error(answer.statusText);
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const part of document.querySelectorAll("main > section")) {
    const news = fresh.getElementById(part.id);
    // A button that somebody is about to press stays where it is.
    if (news && news.innerHTML !== part.innerHTML && !part.contains(document.activeElement)) {
      part.innerHTML = news.innerHTML;
    }
  }
}

async function live() {
  let text = "live";
  try {
    await refresh();
  } catch {
    text = "the server does not answer";
  }
  document.getElementById("state").textContent = text;
  setTimeout(live, 2000);
}

setTimeout(live, 2000);
