// Opens the page that a link on another site leads to. The agent answers such a
// link with a shell, which loads the same address again as a page of our own.
// location.reload() wouldn't do: a browser repeats the other site's request.

// Only a shell sends a referrer to the next page. Whoever gets a second one has
// a browser, or a proxy, that takes us for another site: the link remains.
if (!document.referrer.startsWith(location.origin + "/")) {
  const { href } = location;
  if (href.includes("#")) history.replaceState(null, "", "/opening"); // else replace() would only scroll
  location.replace(href);
}
