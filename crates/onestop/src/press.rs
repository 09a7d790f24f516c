//! Where papers are printed: rendering is pure work of some milliseconds, done off the threads
//! that answer people, and never more at once than there are cores.

use std::sync::Arc;

use paper::{Pdf, RenderError};
use tokio::sync::Semaphore;
use web::Problem;

/// A bounded place to render in.
#[derive(Clone)]
pub struct Press(Arc<Semaphore>);

impl Default for Press {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, |n| n.get());
        Press(Arc::new(Semaphore::new(cores)))
    }
}

impl Press {
    /// Renders one paper, waiting for a place.
    pub async fn print<F>(&self, render: F) -> Result<Pdf, Problem>
    where
        F: FnOnce() -> Result<Pdf, RenderError> + Send + 'static,
    {
        let _place = self.0.acquire().await.map_err(Problem::fault)?;
        tokio::task::spawn_blocking(render).await.map_err(Problem::fault)?.map_err(Problem::fault)
    }
}
