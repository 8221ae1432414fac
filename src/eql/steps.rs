//! Counts the characters and lexemes that are looked at, so that a test can see how the work grows with
//! the query, whatever the machine is doing. Outside the tests it is nothing.

#[cfg(test)]
thread_local! {
    static STEPS: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// Notes that `n` of them were looked at.
#[inline]
pub(super) fn add(n: usize) {
    #[cfg(test)]
    STEPS.set(STEPS.get() + n);
    #[cfg(not(test))]
    let _ = n;
}

/// How many were looked at since this was last asked, on this thread.
#[cfg(test)]
pub(super) fn take() -> usize {
    STEPS.take()
}
