// Telemetry is off; the server only derives a class from this one while loading.
exports.AppInsightsCore = class {};
