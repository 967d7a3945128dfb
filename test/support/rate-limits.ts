/** For servers that a test calls more often than anybody may: what is looked at there is something else. */
export const noRateLimits = {
  PROVISOR_RATE_PER_ADDRESS: '0',
  PROVISOR_RATE_PER_KEY: '0',
  PROVISOR_RATE_REFUSED_KEYS: '0',
};
