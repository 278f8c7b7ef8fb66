export function sessionId(): string {
  const known = localStorage.getItem("session") ?? crypto.randomUUID();
  localStorage.setItem("session", known);
  return known;
}
