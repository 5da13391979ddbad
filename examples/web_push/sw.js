// Shows each message. Browsers require every push to show something (`userVisibleOnly`).
self.addEventListener("push", (event) => {
  const { title = "Hello", ...options } = event.data ? event.data.json() : {};
  event.waitUntil(self.registration.showNotification(title, options));
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(self.clients.openWindow("/"));
});
