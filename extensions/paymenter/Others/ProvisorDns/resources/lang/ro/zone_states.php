<?php

declare(strict_types=1);

return [
    'creating' => 'În configurare',
    'active' => 'Activ',
    'failed' => 'Eșuat',
    'deleting' => 'Se șterge',
    'deleted' => 'Șters',
];
