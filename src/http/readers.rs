//! What the API asks the tally: one thin call each.
