<?php

declare(strict_types=1);

return [
    'public_ip' => 'Adresa publică a site-urilor',
    'public_ip_help' => 'Dacă rămâne goală, cea a lui Provisor.',
    'termination' => 'Când un serviciu se încheie',
    'termination_help' => 'Site-urile suspendate își păstrează datele până le șterge un operator Provisor.',
    'termination_delete' => 'Șterge site-ul și datele lui',
    'termination_keep' => 'Suspendă site-ul și păstrează datele',
    'plan' => 'Plan',
    'plan_help' => 'Ce primește un site al acestui produs.',
    'plan_option' => ':name: :memory memorie, :disk disc, :backups copii de siguranță, :domains domenii',
    'plans_missing' => 'Planurile nu pot fi listate; scrieți numele unuia. :reason',
];
