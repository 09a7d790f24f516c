-- Dossiers of people without an account, by who is written in them: whether one person stands in them twice.
create index dossier_of_nobody on dossier (applicant_folded, applicant_number, applicant_phone)
    where applicant is null;
