//! Shared parts of the tests: private servers, a proxy that cuts, a poll limiter.
