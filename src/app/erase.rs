//! Somebody's data leaves the store of an engine that does not run.

use crate::bilingual::Both;
use crate::config::{Config, TopicIds};
use crate::incidents::Erased;
use crate::journal::{Sets, Setting};
use crate::lane::Compiled;
use crate::store::Opened;
use crate::tally::Erasure;
use crate::time::Timestamp;

/// Erases in the store that `config` names.
///
/// # Errors
/// It is not used, or in use.
pub fn erase_stopped(mut config: Config, erasure: &Erasure, now: Timestamp) -> Result<Erased, Both> {
    let Some(settings) = config.store.clone() else { return Ok(Erased::default()) };
    if !settings.path.exists() {
        return Ok(Erased::default());
    }
    let epoch = crate::http::epoch_new().map_err(|e| Both::new(format!("sin azar: {e}"), e.to_string()))?;
    let mut opened = Opened::open(&settings, &epoch).map_err(|e| e.text())?;
    let mut ids = TopicIds::known(opened.names.topics.clone());
    let compiled = std::sync::Arc::new(Compiled::new(config.take_listening(&mut ids, opened.names.version + 1)));
    let sources = config.sources.iter().map(|s| s.name.clone()).collect();
    let setting = Setting { tally: config.engine.tally.clone(), sources, compiled, sets: Sets::default() };
    opened.erase(setting, erasure, now)
}
