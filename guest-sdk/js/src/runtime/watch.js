// Appended to the bundle, and used by what the build inserts into `async` functions. `promises.js` has the functions.
var __realtime_running = 0;
