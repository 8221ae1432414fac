mod oracle;
mod outcomes;
mod tally;
