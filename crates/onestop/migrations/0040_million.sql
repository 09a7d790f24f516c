-- What a province with a million dossiers is asked for often, answered by an index alone: how much was
-- filed of what, whose a number is, and the lists of a counter, an agency and a desk in their order.
create index measure_by_procedure on measure (procedure, channel);
create index dossier_of_number on dossier (applicant_number);
create index dossier_of_phone on dossier (applicant_phone);
drop index dossier_at_counter;
drop index dossier_at_holder;
drop index dossier_at_agency;
create index dossier_at_counter on dossier
    (counter, status, deadline, since, id, applicant_folded, parent);
create index dossier_at_holder on dossier
    (holder_unit, holder_role, status, deadline, since, id, applicant_folded);
create index dossier_at_agency on dossier (agency, status, deadline, since, id, applicant_folded);
