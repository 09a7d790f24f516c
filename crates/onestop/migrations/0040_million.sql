-- What a province with a million dossiers is asked for often: how much was filed of what, and whose it is.
create index dossier_by_procedure on dossier (procedure, channel);
create index dossier_of_number on dossier (applicant_number);
create index dossier_of_phone on dossier (applicant_phone);
