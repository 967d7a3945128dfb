<?php

declare(strict_types=1);

return [
    'unreachable' => 'Serviciul de găzduire nu poate fi accesat acum. Încercați din nou peste un moment.',
    'unexpected_answer' => 'Serviciul de găzduire a dat un răspuns de neînțeles. Încercați din nou mai târziu.',
    'operation_in_progress' => 'O altă operațiune este în curs. Încercați din nou peste un moment.',
    'service_suspended' => 'Acest serviciu este suspendat.',
    'service_deleted' => 'Acest serviciu a fost șters.',
    'service_failed' => 'Site-ul nu a putut fi instalat. Încercați din nou instalarea.',
    'quota_exceeded' => 'Limita planului a fost atinsă.',
    'not_found' => 'Nu mai există.',
    'plan_too_small' => 'Planul ales este prea mic pentru ce este în folosință.',
    'domain_taken' => 'Acest domeniu este folosit deja.',
    'domain_reserved' => 'Acest domeniu nu poate fi folosit.',
    'provider_unavailable' => 'Infrastructura nu poate fi accesată acum. Încercați din nou peste un moment.',
    'database_unavailable' => 'Serviciul de găzduire nu este disponibil acum. Încercați din nou peste un moment.',
    'too_many_operations' => 'Prea multe operațiuni sunt în așteptare. Încercați din nou peste un moment.',
    'zone_invalid' => 'Acesta nu este un domeniu care poate fi adăugat, de exemplu example.com.',
    'zone_reserved' => 'Acest domeniu nu poate fi adăugat.',
    'zone_taken' => 'Acest domeniu nu poate fi adăugat: el, unul de deasupra sau unul de sub el este folosit deja.',
    'zone_in_use' => 'Un site folosește un nume din acest domeniu. Eliminați-l mai întâi de acolo.',
    'delegation_unknown' => 'Serverele de nume de deasupra domeniului nu răspund acum. Încercați din nou în curând.',
    'record_managed' => 'Aceste nume aparțin site-urilor și nu pot fi modificate aici.',
];
