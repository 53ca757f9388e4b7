// Keeps the page's own files, so that it opens without the server and can say that it is cut off. What is heard is
// never kept: everything under api/ goes to the server or fails.
const STORE = "page";
const FILES = [
  "./", "page.css", "main.js", "alerts.js", "dom.js", "headline.js", "history.js", "link.js", "lists.js", "model.js",
  "sounds.js", "stage.js", "strings.js", "wording.js", "manifest.webmanifest", "icon.svg", "icon-192.png",
];

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(STORE).then((store) => store.addAll(FILES)).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  const own = url.origin === self.location.origin && event.request.method === "GET";
  if (own && !url.pathname.startsWith("/api/")) event.respondWith(fresh(event.request));
});

/** The server's file; the one that was kept where the server does not answer. */
async function fresh(request) {
  const store = await caches.open(STORE);
  try {
    const answer = await fetch(request);
    if (answer.ok) await store.put(request, answer.clone());
    return answer;
  } catch (error) {
    const kept = await store.match(request, { ignoreSearch: true });
    if (kept) return kept;
    throw error;
  }
}

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(
    self.clients.matchAll({ type: "window" }).then((pages) => (pages.length ? pages[0].focus() : self.clients.openWindow("./"))),
  );
});
