//! Empty: the tests are in `tests/`, and Cargo wants a target beside them.
