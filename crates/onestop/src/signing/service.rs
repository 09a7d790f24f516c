//! Receipts that the system prints by itself, and scans made at the counter, are signed by the service key of
//! the counter, or of the agency that settles, where one of them has such a certificate. Nobody sees the
//! signature on the paper: the person at the counter signs that by hand. law: onestop/receipt-signature

use base::Instant;
use directory::UnitId;
use pdfsig::{CannotSign, Plan};
use web::Problem;

use crate::App;

/// The field of this signature.
const FIELD: &str = "KyTuDong";

/// The paper with the signature of the first of these units that has a service key; as it is where none has.
/// A key that cannot be used keeps nobody from the paper: it is logged, and the paper goes out unsigned.
pub async fn signed(app: &App, units: &[UnitId], pdf: Vec<u8>, now: Instant) -> Vec<u8> {
    match try_signed(app, units, &pdf, now).await {
        Ok(Some(signed)) => signed,
        Ok(None) => pdf,
        Err(problem) => {
            tracing::error!("a paper is not signed: {problem}");
            pdf
        }
    }
}

async fn try_signed(
    app: &App,
    units: &[UnitId],
    pdf: &[u8],
    now: Instant,
) -> Result<Option<Vec<u8>>, Problem> {
    let Some(trust) = &app.trust else { return Ok(None) };
    let Some(service) = trust::signing::service(trust, units, pdf, now).await? else { return Ok(None) };
    let file = pdf.to_vec();
    let made = tokio::task::spawn_blocking(move || -> Result<Vec<u8>, Problem> {
        let mut plan = Plan::new(FIELD, now);
        plan.name = Some(service.holder.clone());
        let update = service.key.sign(&file, |draft, signer| -> Result<Vec<u8>, CannotSign> {
            pdfsig::sign(&file, &plan, draft, signer, None)
        })?;
        Ok([file, update].concat())
    });
    made.await.map_err(Problem::fault)?.map(Some)
}
