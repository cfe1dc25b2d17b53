// Loaded into VS Code's server: when the process that started it is gone, so is the server.
const parent = process.ppid;
setInterval(() => {
  if (process.ppid !== parent) process.exit(1);
}, 1000).unref();
