<?php

declare(strict_types=1);

return [
    'no' => 'Renunță',
    'reset' => [
        'title' => 'Resetați site-ul?',
        'text' => 'Tot ce s-a făcut de la instalare se pierde: pagini, setări și fișiere. Copiile de siguranță rămân.',
        'yes' => 'Resetează site-ul',
    ],
    'rollback' => [
        'title' => 'Reveniți la :name?',
        'text' => 'Site-ul devine ce era atunci. Starea de acum este păstrată până la următoarea revenire.',
        'yes' => 'Revino',
    ],
    'undo' => [
        'title' => 'Anulați revenirea?',
        'text' => 'Site-ul redevine ce era înainte. Starea de acum este păstrată la rândul ei.',
        'yes' => 'Anulează',
    ],
    'delete-backup' => [
        'title' => 'Ștergeți copia :name?',
        'text' => 'Nu poate fi recuperată.',
        'yes' => 'Șterge',
    ],
    'remove-domain' => [
        'title' => 'Eliminați :name?',
        'text' => 'Domeniul nu mai duce la acest site.',
        'yes' => 'Elimină',
    ],
];
