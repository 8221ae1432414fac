mod oracle;
mod outcomes;
